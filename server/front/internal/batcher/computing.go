package batcher

import (
	"errors"
	"time"
)

// answer computes a batch; where that fails, each call's part alone, so that one call's poison fails no neighbour.
func (b *Batcher[T]) answer(compute Compute[T], batch []part[T]) error {
	var texts []string
	for _, each := range batch {
		texts = append(texts, each.call.texts[each.start:each.stop]...)
	}
	answers, err := b.compute(compute, texts)
	switch {
	case err == nil:
		b.deliver(batch, answers)
	case errors.Is(err, ErrEnded):
		b.fail(batch, ErrNotServing)
		return err
	case len(batch) == 1:
		b.fail(batch, err)
	default:
		for _, each := range batch {
			if b.gone(each.call) {
				continue
			}
			if err := b.answer(compute, []part[T]{each}); err != nil {
				b.fail(batch, ErrNotServing)
				return err
			}
		}
	}
	return nil
}

func (b *Batcher[T]) compute(compute Compute[T], texts []string) ([]T, error) {
	b.mutex.Lock()
	b.computing += len(texts)
	b.mutex.Unlock()
	started := time.Now()
	answers, err := compute(texts)
	newest := time.Since(started).Seconds() / float64(len(texts))
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.computing -= len(texts)
	if b.secondsPerText == 0 {
		b.secondsPerText = newest
	}
	b.secondsPerText += smoothing * (min(newest, mostGrowth*b.secondsPerText) - b.secondsPerText)
	return answers, err
}

func (b *Batcher[T]) gone(c *call[T]) bool {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return c.finished
}

func (b *Batcher[T]) deliver(batch []part[T], answers []T) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	for _, each := range batch {
		count := each.stop - each.start
		each.call.answer(each.start, answers[:count])
		answers = answers[count:]
	}
}

func (b *Batcher[T]) fail(batch []part[T], err error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	for _, each := range batch {
		b.remove(each.call)
		each.call.finish(err)
	}
}
