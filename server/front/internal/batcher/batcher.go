// Package batcher holds a bounded queue in front of one slow function or several, and forms the batches that they take
// from it.
//
// There is no timer: whatever waits when a function becomes free is its next batch, so a lone call never waits for
// company, and the busier the server the larger its batches. Calls take turns a few texts at a time, so a large call
// cannot hold up small ones. What is cancelled, has expired or cannot be answered in time leaves the queue without
// being computed. It knows neither gRPC nor the model.
package batcher

import (
	"container/list"
	"context"
	"errors"
	"maps"
	"sync"
	"time"
)

const (
	leastRetry = 50 * time.Millisecond
	grain      = 10 * time.Millisecond // Of the times in an error: in a flood most are then equal.
	longest    = 24 * time.Hour        // Of an estimate.
	reserve    = 1.5                   // Of the estimated wait, what must be left to be admitted: busy machines vary as much.
	smoothing  = 0.2                   // Weight of the newest batch in the running estimate of the time per text.
	mostGrowth = 2.0                   // Of that estimate by one batch: a process that was frozen for once must not count for long.
)

// Compute gives one answer per text, in order. An error that is ErrEnded ends the function.
type Compute[T any] func(texts []string) ([]T, error)

// Options bound what waits and what is computed at once.
type Options struct {
	MaxBatch int // Most texts in a batch.
	MaxQueue int // Most texts that wait.
	MaxCalls int // Most calls that wait; 0 for no bound but that of their texts.
	Turn     int // How many texts a call may put into a batch before the next call's turn.
}

// Batcher answers calls of one or more texts through the functions that Run is called with.
type Batcher[T any] struct {
	options Options

	mutex          sync.Mutex
	queue          *list.List      // Of *call[T].
	idle           []chan struct{} // One for each function that waits for a batch, the last to begin last.
	admitted       admitted
	waiting        int // Texts in the queue.
	computing      int // Texts in the batches that are being computed.
	functions      int
	ended          bool // Whether the last function has ended.
	secondsPerText float64
	dropped        map[string]int
}

// New makes a Batcher that has no function yet.
func New[T any](options Options) *Batcher[T] {
	return &Batcher[T]{options: options, queue: list.New(), dropped: map[string]int{}}
}

// Predict returns the texts' answers, in order.
//
// It fails with *OverloadedError if the queue is full or the context's deadline cannot be met, ErrExpired if that passes
// first, ErrNotServing if no function is left, and whatever compute returns for these texts. Cancelling the context
// takes the call out of the queue and touches no other.
func (b *Batcher[T]) Predict(ctx context.Context, texts []string) ([]T, error) {
	deadline, _ := ctx.Deadline()
	c := newCall[T](texts, deadline)
	if err := b.enqueue(c); err != nil {
		return nil, err
	}
	select {
	case <-c.done:
		return c.answers, c.err
	case <-ctx.Done():
		b.leave(c, ctx.Err())
		return c.answers, c.err
	}
}

// Admit fails with what Predict would at once for one text with so long to go: it lets calls be refused before they cost
// anything. It wants more time left than Predict does later, and counts the text as waiting until Arrive.
func (b *Batcher[T]) Admit(left time.Duration) error {
	now := time.Now()
	b.mutex.Lock()
	defer b.mutex.Unlock()
	err := b.check(1, b.admitted.count(now), left, reserve)
	if err == nil {
		b.admitted.add(now)
	}
	return err
}

// Arrive says that an admitted call is here. It need not Predict.
func (b *Batcher[T]) Arrive() {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.admitted.arrive()
}

// Run computes batches until compute returns ErrEnded, which it returns too.
//
// The calls of that batch fail with ErrNotServing, and so does what still waits when the last function has ended.
func (b *Batcher[T]) Run(compute Compute[T]) error {
	b.mutex.Lock()
	b.functions++
	b.mutex.Unlock()
	defer b.end()
	for {
		if err := b.answer(compute, b.next()); err != nil {
			return err
		}
	}
}

// Dropped returns how many calls were not computed to their end, by reason.
func (b *Batcher[T]) Dropped() map[string]int {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return maps.Clone(b.dropped)
}

func (b *Batcher[T]) end() {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	if b.functions--; b.functions > 0 {
		return
	}
	b.ended = true
	for each := b.queue.Front(); each != nil; each = each.Next() {
		each.Value.(*call[T]).finish(ErrNotServing)
	}
}

// leave takes a call out whose context is done, unless it was answered in the same moment.
func (b *Batcher[T]) leave(c *call[T], cause error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	err, reason := cause, "cancelled"
	if errors.Is(cause, context.DeadlineExceeded) {
		err, reason = ErrExpired, "expired in the queue"
	}
	if b.remove(c) {
		b.dropped[reason]++
	}
	c.finish(err)
}
