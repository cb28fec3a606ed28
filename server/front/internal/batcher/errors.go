package batcher

import (
	"errors"
	"fmt"
	"time"
)

var (
	// ErrEnded says that a function cannot compute any more.
	ErrEnded = errors.New("the function has ended")
	// ErrExpired says that the call's deadline passed while it waited.
	ErrExpired = errors.New("the deadline passed in the queue")
	// ErrNotServing says that no function is left.
	ErrNotServing = errors.New("the model has ended")
)

// OverloadedError says that the queue is full or, unless Full, that about Wait of work waits, for which a call should have
// Wanted left and has Left.
type OverloadedError struct {
	Wait, Wanted, Left, RetryAfter time.Duration
	Full                           bool
}

func (e *OverloadedError) Error() string {
	if e.Full {
		return "the queue is full"
	}
	const form = "the deadline cannot be met: about %.3f s of work wait, of %.3f s that should be left there are %.3f"
	return fmt.Sprintf(form, e.Wait.Seconds(), e.Wanted.Seconds(), e.Left.Seconds())
}

func late(wait, wanted, left time.Duration) *OverloadedError {
	retryAfter := round(max(wanted-left, leastRetry))
	return &OverloadedError{Wait: round(wait), Wanted: round(wanted), Left: round(left), RetryAfter: retryAfter}
}

// round makes most times of a flood equal, and leaves short ones as they are.
func round(exact time.Duration) time.Duration {
	switch {
	case exact < 10*grain:
		return exact
	case exact < 100*grain:
		return exact.Round(grain)
	}
	return exact.Round(10 * grain)
}
