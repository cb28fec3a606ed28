package main

import (
	"context"
	"iter"
)

type outcome struct {
	answered batch
	err      error
}

// inOrder calls answer for every batch and yields the answered batches in the order of the batches. At most inFlight calls run
// at the same time. It ends with the first error in that order and then cancels the running calls. A separate goroutine
// reads the batches, at most inFlight ahead of the answers, so memory is bounded even if the answers are used slowly.
func inOrder(
	ctx context.Context, inFlight int, batches iter.Seq2[batch, error],
	answer func(context.Context, batch) error,
) iter.Seq2[batch, error] {
	return func(yield func(batch, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		// The loop below holds one of the inFlight outcomes, and the queue holds the others.
		queue := make(chan chan outcome, inFlight-1)
		go func() {
			defer close(queue)
			for b, err := range batches {
				pending := make(chan outcome, 1)
				select {
				case queue <- pending:
				case <-ctx.Done():
					return
				}
				if err != nil {
					pending <- outcome{err: err}
					return
				}
				go func() { pending <- outcome{b, answer(ctx, b)} }()
			}
		}()
		for pending := range queue {
			next := <-pending
			if !yield(next.answered, next.err) || next.err != nil {
				return
			}
		}
	}
}
