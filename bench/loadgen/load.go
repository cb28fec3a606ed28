package main

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// mostOpen bounds the calls that an open load keeps waiting; past it they are counted as not sent.
const mostOpen = 20_000

// load sends requests in turn, from the first again after the last.
type load struct {
	caller   caller
	requests []request
	timeout  time.Duration

	next    atomic.Uint64
	mutex   sync.Mutex
	results results
}

// measure runs a shape of load for the two times, of which the second counts.
func (l *load) measure(shape func(context.Context), warmUp, duration time.Duration) summary {
	begin := time.Now().Add(warmUp)
	end := begin.Add(duration)
	ctx, cancel := context.WithDeadline(context.Background(), end)
	defer cancel()
	before, after := make(chan time.Duration, 1), make(chan time.Duration, 1)
	time.AfterFunc(warmUp, func() { before <- cpuTime() })
	time.AfterFunc(warmUp+duration, func() { after <- cpuTime() })
	shape(ctx)
	return l.results.summary(begin, end, <-after-<-before)
}

// closed keeps so many calls in flight.
func (l *load) closed(ctx context.Context, inFlight int) {
	var workers sync.WaitGroup
	for range inFlight {
		workers.Go(func() {
			for ctx.Err() == nil {
				l.send(time.Now())
			}
		})
	}
	workers.Wait()
}

// open starts calls at random times, as independent users do (a Poisson process). A call's time counts from when it was
// to start, so a server that stalls cannot hide it by stalling the generator.
func (l *load) open(ctx context.Context, rate float64) {
	var calls sync.WaitGroup
	var waiting atomic.Int64
	last := time.Now()
	for ctx.Err() == nil {
		due := last.Add(time.Duration(rand.ExpFloat64() / rate * float64(time.Second)))
		last = due
		time.Sleep(time.Until(due))
		if waiting.Load() >= mostOpen {
			l.add(result{outcome: "not sent", due: due, ended: due})
			continue
		}
		waiting.Add(1)
		calls.Go(func() {
			defer waiting.Add(-1)
			l.send(due)
		})
	}
	calls.Wait()
}

// bare starts calls like open, without a gRPC client: see bareConnection.
func (l *load) bare(ctx context.Context, rate float64, connections []*bareConnection) {
	var calls sync.WaitGroup
	for _, connection := range connections {
		calls.Go(func() { connection.ask(ctx, rate/float64(len(connections))) })
	}
	calls.Wait()
}

func (l *load) request() request {
	return l.requests[(l.next.Add(1)-1)%uint64(len(l.requests))]
}

func (l *load) send(due time.Time) {
	request := l.request()
	ctx, cancel := context.WithDeadline(context.Background(), due.Add(l.timeout))
	_, err := l.caller.Call(ctx, request.body)
	ended := time.Now()
	cancel()
	how := outcome(err)
	l.add(result{how, request.questions, due, ended, how != heldBack && hasRetryHint(err)})
}

func (l *load) add(one result) {
	l.mutex.Lock()
	l.results = append(l.results, one)
	l.mutex.Unlock()
}
