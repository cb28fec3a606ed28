package batcher_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/question-topic/question-topic/server/front/internal/batcher"
)

const tenth = time.Second / 10

var errPoison = errors.New("poison")

// gate is a slow function that tests can hold: it answers each text with its capitals, and fails on poison.
type gate struct {
	mutex   sync.Mutex
	closed  bool
	held    []chan struct{} // One for each function that waits while it is closed.
	ended   bool
	perText time.Duration
	batches [][]string
}

func (g *gate) compute(batch []string) ([]string, error) {
	ended, took := g.pass(batch)
	time.Sleep(took)
	switch {
	case ended:
		return nil, batcher.ErrEnded
	case poisoned(batch):
		return nil, errPoison
	}
	return upper(batch), nil
}

func (g *gate) pass(batch []string) (ended bool, took time.Duration) {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	g.batches = append(g.batches, batch)
	if g.closed {
		mine := make(chan struct{})
		g.held = append(g.held, mine)
		g.mutex.Unlock()
		<-mine
		g.mutex.Lock()
	}
	return g.ended, time.Duration(len(batch)) * g.perText
}

func (g *gate) set(change func()) {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	change()
}

func (g *gate) shut() { g.set(func() { g.closed = true }) }

func (g *gate) end() { g.set(func() { g.ended = true }) }

func (g *gate) pace(perText time.Duration) { g.set(func() { g.perText = perText }) }

func (g *gate) open() {
	g.set(func() {
		g.closed = false
		for _, each := range g.held {
			close(each)
		}
		g.held = nil
	})
}

// step lets one held batch pass, and returns when the next one is held or nothing is left to do.
func (g *gate) step(choose func(held int) int) {
	g.set(func() {
		chosen := choose(len(g.held))
		close(g.held[chosen])
		g.held = slices.Delete(g.held, chosen, chosen+1)
	})
	synctest.Wait()
}

func oldest(int) int { return 0 }

func (g *gate) wantsOrder(t *testing.T, want string) {
	t.Helper()
	if got := g.order(); got != want {
		t.Errorf("computed %s, want %s", got, want)
	}
}

// order is the batches as they were computed, such as "a b|c".
func (g *gate) order() string {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	var found []string
	for _, batch := range g.batches {
		found = append(found, strings.Join(batch, " "))
	}
	return strings.Join(found, "|")
}

// newBatcher runs so many functions, which share a gate that is open, until the test's bubble ends.
func newBatcher(
	t *testing.T, options batcher.Options, functions int, perText time.Duration,
) (*batcher.Batcher[string], *gate) {
	t.Helper()
	g := &gate{perText: perText}
	if options.MaxBatch == 0 {
		options.MaxBatch = 8
	}
	if options.MaxQueue == 0 {
		options.MaxQueue = 1000
	}
	if options.Turn == 0 {
		options.Turn = 16
	}
	b := batcher.New[string](options)
	for range functions {
		go func() { _ = b.Run(g.compute) }() // Tests of how it ends have a function of their own.
	}
	synctest.Wait() // From here on the functions count.
	t.Cleanup(func() {
		g.end()
		g.open()
		ctx, cancel := context.WithTimeout(context.Background(), time.Hour) // The test's own has ended.
		defer cancel()
		for range functions {
			_, _ = b.Predict(ctx, []string{"end"})
		}
	})
	return b, g
}

// join runs one more function beside g's, with a gate of its own.
func join(t *testing.T, b *batcher.Batcher[string], g *gate, perText time.Duration) *gate {
	t.Helper()
	other := &gate{perText: perText}
	go func() { _ = b.Run(other.compute) }()
	synctest.Wait()
	t.Cleanup(func() { // Before that of newBatcher, which ends one of the two.
		for _, each := range []*gate{g, other} {
			each.end()
			each.open()
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
		defer cancel()
		_, _ = b.Predict(ctx, []string{"end"})
	})
	return other
}

// call is one that was sent and may be waiting.
type call struct {
	done    chan struct{}
	answers []string
	err     error
}

// send returns when the call waits or is answered, so that calls arrive in the order they are sent.
func send(ctx context.Context, b *batcher.Batcher[string], texts ...string) *call {
	c := &call{done: make(chan struct{})}
	go func() {
		c.answers, c.err = b.Predict(ctx, texts)
		close(c.done)
	}()
	synctest.Wait()
	return c
}

// hold shuts the gate behind a first call, so that later ones must wait.
func hold(t *testing.T, b *batcher.Batcher[string], g *gate) *call {
	t.Helper()
	g.shut()
	return send(t.Context(), b, "first")
}

func (c *call) result() ([]string, error) {
	<-c.done
	return c.answers, c.err
}

func (c *call) wants(t *testing.T, want ...string) {
	t.Helper()
	if got, err := c.result(); err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
}

func (c *call) fails(t *testing.T, want error) {
	t.Helper()
	if got, err := c.result(); !errors.Is(err, want) || got != nil {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
}

func (c *call) overloaded(t *testing.T) *batcher.OverloadedError {
	t.Helper()
	var overloaded *batcher.OverloadedError
	if got, err := c.result(); !errors.As(err, &overloaded) {
		t.Fatalf("got %v, %v, want OverloadedError", got, err)
	}
	return overloaded
}

// dated is a context with a deadline whose timer never fires: on a busy machine one may be late.
type dated struct {
	context.Context
	deadline time.Time
}

func (d dated) Deadline() (time.Time, bool) { return d.deadline, true }

// texts are so many that begin with a prefix and differ.
func texts(prefix string, count int) []string {
	made := make([]string, count)
	for i := range made {
		made[i] = fmt.Sprintf("%s%d", prefix, i)
	}
	return made
}

func poisoned(batch []string) bool {
	return slices.ContainsFunc(batch, func(text string) bool { return strings.HasPrefix(text, "poison") })
}

func upper(texts []string) []string {
	made := make([]string, len(texts))
	for i, text := range texts {
		made[i] = strings.ToUpper(text)
	}
	return made
}
