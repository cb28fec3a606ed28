package main

import (
	"context"
	"iter"

	"github.com/question-topic/question-topic/clients/go/questiontopicv1"
)

// answer is a batch with one prediction for each of its texts.
type answer struct {
	batch
	predictions []*questiontopicv1.Prediction
}

type outcome struct {
	answer
	err error
}

// inOrder calls predict for every batch and yields the answers in the order of the batches. At most inFlight calls run
// at the same time. It ends with the first error in that order and then cancels the running calls. A separate goroutine
// reads the batches, at most inFlight ahead of the answers, so memory is bounded even if the answers are used slowly.
func inOrder(
	ctx context.Context, inFlight int, batches iter.Seq2[batch, error],
	predict func(context.Context, batch) ([]*questiontopicv1.Prediction, error),
) iter.Seq2[answer, error] {
	return func(yield func(answer, error) bool) {
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
				go func() {
					predictions, err := predict(ctx, b)
					pending <- outcome{answer{b, predictions}, err}
				}()
			}
		}()
		for pending := range queue {
			next := <-pending
			if !yield(next.answer, next.err) || next.err != nil {
				return
			}
		}
	}
}
