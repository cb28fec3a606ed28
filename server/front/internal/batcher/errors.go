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

// OverloadedError says that the queue is full or, unless Full, that about Wait of work waits where Left is left.
type OverloadedError struct {
	Wait, Left, RetryAfter time.Duration
	Full                   bool
}

func (e *OverloadedError) Error() string {
	if e.Full {
		return "the queue is full"
	}
	const form = "the deadline cannot be met: about %.3f s of work wait, %.3f s are left"
	return fmt.Sprintf(form, e.Wait.Seconds(), e.Left.Seconds())
}

func overloaded(wait, left, retryAfter time.Duration, full bool) *OverloadedError {
	return &OverloadedError{
		Wait: wait.Round(grain), Left: left.Round(grain), RetryAfter: max(retryAfter, leastRetry).Round(grain), Full: full,
	}
}
