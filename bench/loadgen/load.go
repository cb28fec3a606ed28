package main

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// maxOpen limits the calls that an open load keeps waiting, and so this program's memory.
	maxOpen = 50_000
	// tick is the time between two starts of calls in an open load: fewer wake-ups leave more CPU time for the calls.
	tick = time.Millisecond
)

// load sends the requests in order, and begins again with the first after the last.
type load struct {
	caller   caller
	requests []request
	timeout  time.Duration
	maxCalls int64

	started atomic.Int64
	mutex   sync.Mutex
	results results
}

// measure runs a shape of load until the duration is over or the shape has started its last call, then waits until
// every call has ended.
func (l *load) measure(shape func(context.Context), duration time.Duration) summary {
	ctx, cancel := context.WithTimeout(context.Background(), duration)
	defer cancel()
	done := make(chan struct{})
	begin, cpu := time.Now(), cpuTime()
	go func() {
		shape(ctx)
		close(done)
	}()
	select {
	case <-ctx.Done():
	case <-done:
	}
	end := time.Now()
	cpu = cpuTime() - cpu
	<-done
	return l.results.summary(begin, end, cpu)
}

// closed runs callers that each start the next call when their call has ended.
func (l *load) closed(ctx context.Context, callers int) {
	var running sync.WaitGroup
	for range callers {
		running.Go(func() {
			for ctx.Err() == nil {
				request, found := l.take()
				if !found {
					return
				}
				l.send(request, time.Now())
			}
		})
	}
	running.Wait()
}

// open starts calls at random times, as independent users do (a Poisson process). The time of a call counts from the
// moment at which it was due, so a server that stalls cannot hide that by stalling this program.
func (l *load) open(ctx context.Context, rate float64) {
	var calls sync.WaitGroup
	var waiting atomic.Int64
	for due := time.Now(); ; {
		due = due.Add(time.Duration(rand.ExpFloat64() / rate * float64(time.Second)))
		if time.Until(due) > 0 {
			time.Sleep(time.Until(due.Truncate(tick).Add(tick)))
		}
		if ctx.Err() != nil {
			break
		}
		request, found := l.take()
		if !found {
			break
		}
		if waiting.Load() >= maxOpen {
			l.add(result{outcome: notSent, due: due, ended: due})
			continue
		}
		waiting.Add(1)
		calls.Go(func() {
			defer waiting.Add(-1)
			l.send(request, due)
		})
	}
	calls.Wait()
}

// take returns the next request, or false after the last call that the load may start.
func (l *load) take() (request, bool) {
	number := l.started.Add(1)
	if number > l.maxCalls {
		return request{}, false
	}
	return l.requests[(number-1)%int64(len(l.requests))], true
}

func (l *load) send(request request, due time.Time) {
	deadline := due.Add(l.timeout)
	ctx, cancel := context.WithDeadline(context.Background(), deadline)
	_, err := l.caller.Call(ctx, request.body)
	ended := time.Now()
	cancel()
	one := result{outcome: outcome(err), questions: request.questions, due: due, ended: ended}
	if err == nil {
		one.late = ended.After(deadline)
	} else {
		one.hint, one.message = hasRetryHint(err), err.Error()
	}
	l.add(one)
}

func (l *load) add(one result) {
	l.mutex.Lock()
	l.results = append(l.results, one)
	l.mutex.Unlock()
}
