package main

import (
	"slices"
	"strconv"
	"syscall"
	"time"

	"google.golang.org/grpc/codes"
)

// result is one call's: how it ended, when it was to start and when it ended, and whether a refusal had a retry hint.
type result struct {
	outcome   string
	questions uint32
	due       time.Time
	ended     time.Time
	hint      bool
}

type results []result

// summary is what the benchmarks read. Latencies are of calls that were answered.
type summary struct {
	Seconds     float64            `json:"seconds"`
	Outcomes    map[string]int     `json:"outcomes"`
	Hints       int                `json:"hints"` // Refusals with a retry hint.
	Questions   int                `json:"questions"`
	CPUSeconds  float64            `json:"cpu_seconds"` // Of this program.
	Latency     latency            `json:"latency_ms"`
	BySize      map[string]latency `json:"latency_ms_by_questions"`
	LongestIdle float64            `json:"longest_idle_seconds"` // The longest time in which no call was answered.
}

type latency struct {
	Calls int     `json:"calls"`
	P50   float64 `json:"p50"`
	P95   float64 `json:"p95"`
	P99   float64 `json:"p99"`
	Max   float64 `json:"max"`
}

// summary counts what ended from `begin` to `end`, and the latencies of what was to start then, however late it ended.
func (r results) summary(begin, end time.Time, cpu time.Duration) summary {
	found := summary{
		Seconds: end.Sub(begin).Seconds(), CPUSeconds: cpu.Seconds(),
		Outcomes: map[string]int{}, BySize: map[string]latency{},
	}
	within := func(at time.Time) bool { return !at.Before(begin) && at.Before(end) }
	var all []time.Duration
	sizes := map[uint32][]time.Duration{}
	answers := []time.Time{begin, end}
	for _, one := range r {
		answered := one.outcome == codes.OK.String()
		if within(one.due) {
			found.Outcomes[one.outcome]++
			if one.hint {
				found.Hints++
			}
			if answered {
				took := one.ended.Sub(one.due)
				all = append(all, took)
				sizes[one.questions] = append(sizes[one.questions], took)
			}
		}
		if answered && within(one.ended) {
			found.Questions += int(one.questions)
			answers = append(answers, one.ended)
		}
	}
	found.Latency = measured(all)
	for size, times := range sizes {
		found.BySize[strconv.Itoa(int(size))] = measured(times)
	}
	slices.SortFunc(answers, time.Time.Compare)
	for at := 1; at < len(answers); at++ {
		found.LongestIdle = max(found.LongestIdle, answers[at].Sub(answers[at-1]).Seconds())
	}
	return found
}

func measured(times []time.Duration) latency {
	if len(times) == 0 {
		return latency{}
	}
	slices.Sort(times)
	at := func(share float64) float64 {
		return times[min(int(share*float64(len(times))), len(times)-1)].Seconds() * 1000
	}
	return latency{len(times), at(0.5), at(0.95), at(0.99), at(1)}
}

func cpuTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err) // Of a constant argument.
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
