package batcher_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/question-topic/question-topic/server/front/internal/batcher"
)

const schedules = 100

// eachSchedule tests many, each in a bubble of its own; a failure's name has the seed.
func eachSchedule(t *testing.T, test func(t *testing.T, random *rand.Rand)) {
	for seed := range uint64(schedules) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { test(t, rand.New(rand.NewPCG(seed, 0))) })
		})
	}
}

func TestAnswersAreInOrderWhicheverFunctionIsFirst(t *testing.T) {
	eachSchedule(t, func(t *testing.T, random *rand.Rand) {
		b, g := newBatcher(t, batcher.Options{Turn: 1 + random.IntN(20)}, 1+random.IntN(3), 0)
		g.shut()
		var calls []*call
		var asked [][]string
		for i := range 1 + random.IntN(12) {
			prefix := fmt.Sprintf("text %d ", i)
			if random.IntN(6) == 0 {
				prefix = "poison " + prefix
			}
			asked = append(asked, texts(prefix, 1+random.IntN(40)))
			calls = append(calls, send(t.Context(), b, asked[i]...))
		}
		for !all(calls) {
			g.step(random.IntN)
		}
		g.open()
		synctest.Wait()
		counts := g.answered()
		for i, each := range calls {
			if poisoned(asked[i]) {
				each.fails(t, errPoison)
				continue
			}
			each.wants(t, upper(asked[i])...)
			for _, text := range asked[i] {
				if counts[text] != 1 {
					t.Errorf("%s: answered %d times", text, counts[text])
				}
			}
		}
	})
}

func TestNoCallHasTwoTurnsMoreThanOneThatStillWaits(t *testing.T) {
	eachSchedule(t, func(t *testing.T, random *rand.Rand) {
		const maxBatch = 8
		turn := 1 + random.IntN(10)
		b, g := newBatcher(t, batcher.Options{MaxBatch: maxBatch, Turn: turn}, 1, 0)
		hold(t, b, g)
		left, waiting := map[string]int{}, 0
		var calls []*call
		for i := range 1 + random.IntN(12) {
			name, size := fmt.Sprint("call", i), 1+random.IntN(30)
			left[name], waiting = size, waiting+size
			calls = append(calls, send(t.Context(), b, texts(name+":", size)...))
		}
		g.open()
		for _, each := range calls {
			if _, err := each.result(); err != nil {
				t.Error(err)
			}
		}
		turns := map[string]int{}
		for _, batch := range g.batches[1:] {
			if len(batch) != min(maxBatch, waiting) {
				t.Errorf("a batch of %d texts where %d waited", len(batch), waiting)
			}
			waiting -= len(batch)
			for name, size := range sizes(batch) {
				left[name] -= size
				turns[name] += (size + turn - 1) / turn // The end of a batch cuts the last of them at most.
			}
			most := slices.Max(slices.Collect(maps.Values(turns)))
			for name := range left {
				if left[name] > 0 && most > turns[name]+1 {
					t.Errorf("%s still waits after %d turns, another had %d", name, turns[name], most)
				}
			}
		}
	})
}

func TestCancelledAndExpiredCallsAreNeverComputedAndHarmNoNeighbour(t *testing.T) {
	eachSchedule(t, func(t *testing.T, random *rand.Rand) {
		b, g := newBatcher(t, batcher.Options{MaxQueue: 400, Turn: 1 + random.IntN(20)}, 1, 0)
		first := hold(t, b, g)
		cancelled, cancel := context.WithCancel(t.Context())
		expired, stop := context.WithTimeout(t.Context(), time.Hour)
		defer stop()
		late := dated{t.Context(), time.Now().Add(time.Hour)}
		var checks []func()
		accepted, dropped := []string{"first"}, map[string]int{}
		for i := range random.IntN(25) {
			asked := texts(fmt.Sprintf("%d ", i), 1+random.IntN(15))
			switch random.IntN(4) {
			case 0:
				c := send(cancelled, b, asked...)
				checks = append(checks, func() { c.fails(t, context.Canceled) })
				dropped["cancelled"]++
			case 1:
				c := send(expired, b, asked...)
				checks = append(checks, func() { c.fails(t, batcher.ErrExpired) })
				dropped["expired in the queue"]++
			case 2:
				c := send(late, b, asked...)
				checks = append(checks, func() { c.fails(t, batcher.ErrExpired) })
				dropped["expired in the queue"]++
			default:
				c := send(t.Context(), b, asked...)
				checks = append(checks, func() { c.wants(t, upper(asked)...) })
				accepted = append(accepted, asked...)
			}
		}
		cancel()
		time.Sleep(2 * time.Hour)
		g.open()
		first.wants(t, "FIRST")
		for _, check := range checks {
			check()
		}
		computed := slices.Sorted(slices.Values(slices.Concat(g.batches...)))
		if slices.Sort(accepted); !slices.Equal(computed, accepted) {
			t.Errorf("computed %v, want %v", computed, accepted)
		}
		wantDropped(t, b, dropped)
		send(t.Context(), b, texts("x", 400)...).wants(t, upper(texts("x", 400))...) // Else some still count as waiting.
	})
}

// plan is one call of a busy hour: when it comes, when it is cancelled, and how long it can wait, unless these are 0.
type plan struct {
	texts                     []string
	arrives, cancelled, bound time.Duration
}

func TestEveryCallOfABusyHourEndsOnceAndForAReason(t *testing.T) {
	eachSchedule(t, func(t *testing.T, random *rand.Rand) {
		const maxQueue = 60
		b, g := newBatcher(t, batcher.Options{MaxQueue: maxQueue, Turn: 1 + random.IntN(20)}, 1, randomly(random, tenth))
		other, ends := join(t, b, g, randomly(random, tenth)), random.IntN(2) == 0
		if ends {
			time.AfterFunc(randomly(random, time.Minute), other.end)
		}
		var group sync.WaitGroup
		outcomes := make(chan string, 100)
		for i := range 40 {
			p := plan{texts: texts(fmt.Sprintf("%d ", i), 1+random.IntN(30)), arrives: randomly(random, time.Minute)}
			switch random.IntN(6) {
			case 0:
				p.cancelled = randomly(random, 5*time.Second)
			case 1, 2:
				p.bound = randomly(random, 5*time.Second)
			case 3:
				p.texts[len(p.texts)-1] = fmt.Sprintf("poison %d", i)
			}
			group.Go(func() { outcomes <- p.run(t, b, ends) })
		}
		group.Wait()
		close(outcomes)
		counts, ended := g.answered(), map[string]int{}
		for text, count := range other.answered() {
			counts[text] += count
		}
		for text, count := range counts {
			if count > 1 {
				t.Errorf("%s: answered %d times", text, count)
			}
		}
		for outcome := range outcomes {
			ended[outcome]++
		}
		dropped := b.Dropped()
		if dropped["queue full"] != ended["full"] || dropped["deadline cannot be met"] != ended["hopeless"] ||
			dropped["cancelled"] > ended["cancelled"] ||
			dropped["expired in the queue"]+dropped["expired on arrival"] > ended["expired"] {
			t.Errorf("dropped %v where calls ended as %v", dropped, ended)
		}
		send(t.Context(), b, texts("x", maxQueue)...).wants(t, upper(texts("x", maxQueue))...)
	})
}

// run makes the call, checks that what came of it can be, and returns that in a word.
func (p plan) run(t *testing.T, b *batcher.Batcher[string], functionsEnd bool) string {
	time.Sleep(p.arrives)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if p.bound > 0 {
		ctx, cancel = context.WithTimeout(ctx, p.bound)
		defer cancel()
	}
	if p.cancelled > 0 {
		time.AfterFunc(p.cancelled, cancel)
	}
	started := time.Now()
	answers, err := b.Predict(ctx, p.texts)
	took := time.Since(started)
	var overloaded *batcher.OverloadedError
	outcome, can := "", false
	switch {
	case err == nil:
		outcome, can = "answered", slices.Equal(answers, upper(p.texts)) && !poisoned(p.texts)
	case errors.As(err, &overloaded) && overloaded.Full:
		outcome, can = "full", took == 0
	case errors.As(err, &overloaded):
		outcome, can = "hopeless", p.bound > 0
	case errors.Is(err, batcher.ErrExpired):
		outcome, can = "expired", p.bound > 0
	case errors.Is(err, context.Canceled):
		outcome, can = "cancelled", p.cancelled > 0 && took == p.cancelled
	case errors.Is(err, errPoison):
		outcome, can = "poisoned", poisoned(p.texts)
	case errors.Is(err, batcher.ErrNotServing):
		outcome, can = "not serving", functionsEnd
	}
	if !can || p.bound > 0 && took > p.bound {
		t.Errorf("%v: got %v, %v after %v", p, answers, err, took)
	}
	return outcome
}

func randomly(random *rand.Rand, most time.Duration) time.Duration {
	return 1 + time.Duration(random.Int64N(int64(most)))
}

func all(calls []*call) bool {
	return !slices.ContainsFunc(calls, func(c *call) bool {
		select {
		case <-c.done:
			return false
		default:
			return true
		}
	})
}

// answered says how often a batch with the text was computed to its end.
func (g *gate) answered() map[string]int {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	counts := map[string]int{}
	for _, batch := range g.batches {
		if poisoned(batch) {
			continue
		}
		for _, text := range batch {
			counts[text]++
		}
	}
	return counts
}

// sizes are how many texts of each call are in a batch, by what stands before the colon.
func sizes(batch []string) map[string]int {
	found := map[string]int{}
	for _, text := range batch {
		name, _, _ := strings.Cut(text, ":")
		found[name]++
	}
	return found
}
