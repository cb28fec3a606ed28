package questiontopic

import (
	"context"
	"fmt"
	"iter"
	"sync"

	"github.com/question-topic/question-topic/clients/go/questiontopicv1"
)

// maxInFlight is the largest value of [InFlight]. The server runs fewer calls of one connection at the same time.
const maxInFlight = 1024

// Answer is the answer to one text of [Client.PredictMany].
type Answer struct {
	Number     int // The place of the text among all texts, from 0.
	Text       string
	Prediction *questiontopicv1.Prediction // nil if the text has none. The error says why.
}

// BulkOption changes a default of [Client.PredictMany].
type BulkOption func(*bulk)

type bulk struct {
	level        questiontopicv1.LabelLevel
	model        string
	textsPerCall int
	inFlight     int
	skip         bool
}

// TextsPerCall sets the number of texts in each call but the last, from 1 to 512; 64 by default.
func TextsPerCall(count int) BulkOption {
	return func(b *bulk) { b.textsPerCall = count }
}

// InFlight sets how many calls may be under way at the same time, from 1 to 1,024; 4 by default.
func InFlight(count int) BulkOption {
	return func(b *bulk) { b.inFlight = count }
}

// Model names the bundle that must answer; any by default.
func Model(name string) BulkOption {
	return func(b *bulk) { b.model = name }
}

// SkipRefused goes on after a text that is refused: its error is yielded in its place, and the other texts of its call are
// asked again.
func SkipRefused() BulkOption {
	return func(b *bulk) { b.skip = true }
}

// PredictMany answers any number of texts and yields their answers in the order of the texts. It makes calls of
// [TextsPerCall] texts, [InFlight] of them at the same time, and keeps no more texts and answers than these calls have.
//
// The loop ends with the first error, after the answers of all texts before it. The answer beside an error has the
// number of the first text without a prediction, so a program can go on from there. A text that breaks a limit is
// refused with INVALID_ARGUMENT, and [FieldViolations] names it by its number among all texts, for example `texts[70000]`.
// [SkipRefused] goes on after such a text, but not after any other error.
//
// A call that fails with RESOURCE_EXHAUSTED is repeated after the pause that the server asks for and a random time more,
// up to 20 attempts. Without a hint the pauses begin with 0.1 s and double, up to 6 attempts. Each attempt has the
// client's timeout as its deadline, or the deadline of ctx if that is earlier.
//
// The texts are read between the answers, in the goroutine of the loop, and must not wait for an answer. The end of the
// loop, also by break, cancels the calls under way and waits until they have ended.
func (c *Client) PredictMany(
	ctx context.Context, level questiontopicv1.LabelLevel, texts iter.Seq[string], options ...BulkOption,
) iter.Seq2[Answer, error] {
	chosen := bulk{level: level, textsPerCall: 64, inFlight: 4}
	for _, option := range options {
		option(&chosen)
	}
	return func(yield func(Answer, error) bool) {
		if err := chosen.check(); err != nil {
			yield(Answer{}, err)
			return
		}
		var running sync.WaitGroup
		defer running.Wait()
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		calls, stop := iter.Pull(chosen.split(texts))
		defer stop()
		var window []*bulkCall // In the order of the texts.
		for {
			// The answers of a call that has ended come first, so that they need not wait for further texts.
			for len(window) < chosen.inFlight && (len(window) == 0 || !window[0].hasEnded()) {
				next, ok := calls()
				if !ok {
					break
				}
				window = append(window, next)
				running.Go(func() { next.run(ctx, c.predictInTime, chosen) })
			}
			if len(window) == 0 {
				return
			}
			if !window[0].yield(yield, chosen.skip) {
				return
			}
			window = window[1:]
		}
	}
}

func (b bulk) check() error {
	if b.textsPerCall < 1 || b.textsPerCall > maxTexts {
		return fmt.Errorf("questiontopic: TextsPerCall must be from 1 to %d, not %d", maxTexts, b.textsPerCall)
	}
	if b.inFlight < 1 || b.inFlight > maxInFlight {
		return fmt.Errorf("questiontopic: InFlight must be from 1 to %d, not %d", maxInFlight, b.inFlight)
	}
	return nil
}

// split yields the texts as calls.
func (b bulk) split(texts iter.Seq[string]) iter.Seq[*bulkCall] {
	return func(yield func(*bulkCall) bool) {
		next, number := newBulkCall(), 0
		for text := range texts {
			next.texts = append(next.texts, bulkText{Answer: Answer{Number: number, Text: text}})
			number++
			if len(next.texts) == b.textsPerCall {
				if !yield(next) {
					return
				}
				next = newBulkCall()
			}
		}
		if len(next.texts) > 0 {
			yield(next)
		}
	}
}

// predictInTime is PredictTopic with the client's timeout, also if ctx has a later deadline: a run may take hours, but one
// call must not.
func (c *Client) predictInTime(
	ctx context.Context, request *questiontopicv1.PredictTopicRequest,
) (*questiontopicv1.PredictTopicResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	return c.PredictTopic(ctx, request)
}
