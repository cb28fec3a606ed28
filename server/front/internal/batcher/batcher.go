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
	longest    = 24 * time.Hour // Of an estimate.
	reserve    = 2              // One part in so many of the estimated wait must be left over: busy machines vary as much.
	smoothing  = 0.2            // Weight of the newest batch in the running estimate of the time per text.
	mostGrowth = 2.0            // Of that estimate by one batch: a process that was frozen for once must not count for long.
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
	waiting        int             // Texts in the queue.
	computing      int             // Texts in the batches that are being computed.
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

// Check fails as Predict would at once for one text: it lets calls be refused before they cost anything.
func (b *Batcher[T]) Check(ctx context.Context) error {
	deadline, _ := ctx.Deadline()
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.admit(1, leftUntil(deadline, time.Now()))
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

func (b *Batcher[T]) enqueue(c *call[T]) error {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	if err := b.admit(len(c.texts), c.left(time.Now())); err != nil {
		return err
	}
	c.place = b.queue.PushBack(c)
	b.waiting += len(c.texts)
	b.wake()
	return nil
}

func (b *Batcher[T]) admit(texts int, left time.Duration) error {
	wait := b.needed(b.waiting+b.computing) / time.Duration(max(b.functions, 1))
	reserved := wait + wait/reserve
	switch {
	case b.ended:
		return ErrNotServing
	case left <= 0:
		b.dropped["expired on arrival"]++
		return ErrExpired
	case b.waiting+texts > b.options.MaxQueue, b.options.MaxCalls > 0 && b.queue.Len() >= b.options.MaxCalls:
		b.dropped["queue full"]++
		return &OverloadedError{Wait: wait, Full: true, RetryAfter: max(wait, leastRetry)}
	case reserved > left:
		b.dropped["deadline cannot be met"]++
		return &OverloadedError{Wait: wait, Left: left, RetryAfter: max(reserved-left, leastRetry)}
	}
	return nil
}

// next waits for the next batch that is not empty.
func (b *Batcher[T]) next() []part[T] {
	filled := make(chan struct{}, 1)
	for {
		b.mutex.Lock()
		batch := b.form(time.Now())
		if len(batch) == 0 {
			b.idle = append(b.idle, filled)
		}
		b.mutex.Unlock()
		if len(batch) > 0 {
			return batch
		}
		<-filled
	}
}

// wake calls the function that became idle last: what it computed with is still at hand.
func (b *Batcher[T]) wake() {
	if last := len(b.idle) - 1; last >= 0 {
		b.idle[last] <- struct{}{}
		b.idle = b.idle[:last]
	}
}

// form takes the next batch from the queue. All turns of a call lie side by side in it.
func (b *Batcher[T]) form(now time.Time) []part[T] {
	var batch []part[T]
	places := map[*call[T]]int{}
	for room := b.options.MaxBatch; room > 0 && b.queue.Len() > 0; {
		c := b.queue.Remove(b.queue.Front()).(*call[T])
		c.place = nil
		place, known := places[c]
		if !known {
			if b.late(c, now, b.options.MaxBatch-room) {
				b.waiting -= c.rest()
				continue
			}
			place = len(batch)
			places[c] = place
			batch = append(batch, part[T]{c, c.taken, c.taken})
		}
		count := min(b.options.Turn, c.rest(), room)
		c.taken += count
		batch[place].stop = c.taken
		room -= count
		b.waiting -= count
		if c.rest() > 0 {
			c.place = b.queue.PushBack(c)
		}
	}
	if b.queue.Len() > 0 {
		b.wake()
	}
	return batch
}

// late fails a call that has expired or, behind so many texts of its batch, cannot be answered in time.
func (b *Batcher[T]) late(c *call[T], now time.Time, behind int) bool {
	needed := time.Duration(0)
	if behind > 0 {
		needed = b.needed(behind + 1)
	}
	if c.left(now) > needed {
		return false
	}
	b.dropped["expired in the queue"]++
	c.finish(ErrExpired)
	return true
}

// needed is how long so many texts take one function.
func (b *Batcher[T]) needed(texts int) time.Duration {
	return time.Duration(min(float64(texts)*b.secondsPerText, longest.Seconds()) * float64(time.Second))
}

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

// remove takes a call's rest out of the queue, if there is one.
func (b *Batcher[T]) remove(c *call[T]) bool {
	if c.place == nil {
		return false
	}
	b.queue.Remove(c.place)
	c.place = nil
	b.waiting -= c.rest()
	return true
}
