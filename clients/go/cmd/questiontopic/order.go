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

// inOrder calls predict for every batch, at most inFlight at once, and yields the answers in the order of the batches.
// It ends with the first error in that order, and cancels the calls that are then under way. Batches are taken from a
// goroutine of its own and no further ahead than inFlight, so memory stays bounded however slowly answers are used.
func inOrder(
	ctx context.Context, inFlight int, batches iter.Seq2[batch, error],
	predict func(context.Context, batch) ([]*questiontopicv1.Prediction, error),
) iter.Seq2[answer, error] {
	return func(yield func(answer, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		// One outcome is waited for below, so the queue has room for the others.
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
