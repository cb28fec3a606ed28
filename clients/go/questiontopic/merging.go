package questiontopic

import (
	"errors"
	"fmt"
)

// Merging bounds the calls that [WithMerging] makes. The zero value of a field stands for its default.
type Merging struct {
	// InFlight is the number of merged calls under way at the same time; 4 by default.
	InFlight int
	// Texts is the largest number of texts in a merged call, at most 512; 32 by default.
	Texts int
	// Waiting is the largest number of texts that wait for their turn; 16,384 by default. A call beyond it fails at once
	// with RESOURCE_EXHAUSTED and a hint how long to wait, which RetryDelay reads.
	Waiting int
}

// MergingStats counts what the merging of a client has done so far, and what it does now.
type MergingStats struct {
	Calls    uint64 // The merged calls that were sent, including repetitions without a text that was refused.
	Texts    uint64 // The texts in these calls. Texts divided by Calls is the mean size of a call.
	Waiting  int    // The texts that wait now.
	InFlight int    // The merged calls that are under way now.
}

// WithMerging makes the client send calls of few texts together, for programs in which many goroutines ask single
// questions at the same time: one call of many texts costs the server and the client much less than many calls of one.
//
// There is no timer, so a lone question loses nothing: a question that finds fewer than Merging.InFlight calls under way
// leaves at once, and what is asked meanwhile leaves together. This holds for Predict and PredictTopic with at most 16
// texts. Only questions with the same label level, model and outgoing metadata share a call. A call with call options is
// sent alone.
//
// x-request-id, traceparent and tracestate say who asks and do not divide calls. A call of one question has its caller's
// own. A shared call has the x-request-id of each of the first 32 questions, once each and in at most 6 KiB of metadata,
// the traceparent of the first question that has one, and no tracestate. If the span in a caller's context records, the time until its answer is
// a span, questiontopic.wait. The shared call is then a span, too, below the first wait and linked with all of them, and
// its own traceparent goes out.
//
// Each caller keeps its own deadline, cancellation and errors: a text that the server refuses fails its own call only.
// A merged call has a context of its own without the values of its callers' contexts, its deadline is the latest of
// theirs, and it is cancelled when all of them have left. Interceptors and statistics handlers see the merged calls.
func WithMerging(limits Merging) Option {
	return func(s *settings) { s.merging = &limits }
}

// orDefault returns the limits with their defaults, or an error that names a field out of range.
func (l Merging) orDefault() (Merging, error) {
	if l.InFlight < 0 || l.Texts < 0 || l.Waiting < 0 {
		return l, errors.New("questiontopic: no field of Merging may be negative")
	}
	if l.Texts > maxTexts {
		return l, fmt.Errorf("questiontopic: Merging.Texts must be at most %d, not %d", maxTexts, l.Texts)
	}
	if l.InFlight == 0 {
		l.InFlight = 4
	}
	if l.Texts == 0 {
		l.Texts = 32
	}
	if l.Waiting == 0 {
		l.Waiting = 16384
	}
	return l, nil
}
