package batcher

import (
	"container/list"
	"math"
	"time"
)

// call is one accepted call: its texts, how many of them have been taken into batches, and its answers so far.
// The Batcher's mutex guards it; answers and err may be read once done is closed.
type call[T any] struct {
	texts    []string
	deadline time.Time     // Zero if there is none.
	place    *list.Element // In the queue; nil outside.
	taken    int
	missing  int
	answers  []T
	err      error
	finished bool
	done     chan struct{}
}

// part is which of a call's texts are in a batch.
type part[T any] struct {
	call        *call[T]
	start, stop int
}

func newCall[T any](texts []string, deadline time.Time) *call[T] {
	return &call[T]{
		texts: texts, deadline: deadline, missing: len(texts), answers: make([]T, len(texts)), done: make(chan struct{}),
	}
}

// rest is how many of its texts wait.
func (c *call[T]) rest() int {
	return len(c.texts) - c.taken
}

func (c *call[T]) left(now time.Time) time.Duration {
	return leftUntil(c.deadline, now)
}

func leftUntil(deadline, now time.Time) time.Duration {
	if deadline.IsZero() {
		return math.MaxInt64
	}
	return deadline.Sub(now)
}

// answer takes the answers from a place on. Parts come in any order: functions are not equally fast.
func (c *call[T]) answer(start int, answers []T) {
	if c.finished {
		return // Its caller has gone, and must not see answers change.
	}
	copy(c.answers[start:], answers)
	if c.missing -= len(answers); c.missing == 0 {
		c.finish(nil)
	}
}

// finish ends it once; later outcomes are ignored.
func (c *call[T]) finish(err error) {
	if c.finished {
		return
	}
	c.finished = true
	if err != nil {
		c.answers = nil
	}
	c.err = err
	close(c.done)
}
