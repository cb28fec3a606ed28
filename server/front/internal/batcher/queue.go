package batcher

import "time"

func (b *Batcher[T]) enqueue(c *call[T]) error {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	// What was admitted and has not arrived will be behind it.
	if err := b.check(len(c.texts), 0, c.left(time.Now()), 1); err != nil {
		return err
	}
	c.place = b.queue.PushBack(c)
	b.waiting += len(c.texts)
	b.wake()
	return nil
}

// check fails unless there is room behind what waits and the calls admitted, and of the time left a multiple of the
// estimated wait.
func (b *Batcher[T]) check(texts, admitted int, left time.Duration, reserve float64) error {
	waiting := b.waiting + admitted
	wait := b.needed(waiting+b.computing) / time.Duration(max(b.functions, 1))
	reserved := time.Duration(float64(wait) * reserve)
	switch {
	case b.ended:
		return ErrNotServing
	case left <= 0:
		b.dropped["expired on arrival"]++
		return ErrExpired
	case waiting+texts > b.options.MaxQueue, b.options.MaxCalls > 0 && b.queue.Len()+admitted >= b.options.MaxCalls:
		b.dropped["queue full"]++
		return &OverloadedError{Wait: round(wait), Full: true, RetryAfter: round(max(wait, leastRetry))}
	case reserved > left:
		b.dropped["deadline cannot be met"]++
		return late(wait, reserved, left)
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
			if b.drop(c, now, b.options.MaxBatch-room) {
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

// drop fails a call that has expired or, behind so many texts of its batch, cannot be answered in time.
func (b *Batcher[T]) drop(c *call[T], now time.Time, behind int) bool {
	needed := time.Duration(0)
	if behind > 0 {
		needed = b.needed(behind + 1)
	}
	left := c.left(now)
	switch {
	case left > needed:
		return false
	case left > 0:
		b.dropped["deadline cannot be met"]++
		c.finish(late(needed, needed, left))
	default:
		b.dropped["expired in the queue"]++
		c.finish(ErrExpired)
	}
	return true
}

// needed is how long so many texts take one function.
func (b *Batcher[T]) needed(texts int) time.Duration {
	return time.Duration(min(float64(texts)*b.secondsPerText, longest.Seconds()) * float64(time.Second))
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
