package main

import (
	"slices"
	"syscall"
	"time"
)

// result is how one call ended.
type result struct {
	outcome   string
	questions uint32
	due       time.Time
	ended     time.Time
	late      bool   // An answer came after the deadline.
	hint      bool   // A refusal says when to try again.
	message   string // Of an error.
}

type results []result

// summary is what this program prints.
type summary struct {
	ConnectSeconds float64           `json:"connect_seconds"` // Time until the connections were established, before the load.
	Seconds        float64           `json:"seconds"`         // Time during which calls were started.
	Outcomes       map[string]int    `json:"outcomes"`        // Calls by how they ended.
	Messages       map[string]string `json:"messages"`        // An error message for each outcome but OK.
	Hints          int               `json:"hints"`           // Refusals that say when to try again.
	Late           int               `json:"late"`            // Answers after their deadline.
	Questions      int               `json:"questions"`       // Questions answered during Seconds and before their deadline.
	CPUSeconds     float64           `json:"cpu_seconds"`     // CPU time of this program during Seconds.
	Latency        latency           `json:"latency_ms"`      // Of calls that were answered.
}

type latency struct {
	Calls int     `json:"calls"`
	P50   float64 `json:"p50"`
	P95   float64 `json:"p95"`
	P99   float64 `json:"p99"`
	Max   float64 `json:"max"`
}

// summary counts the calls that were due between `begin` and `end`, however late they ended. Questions are counted if
// the answer came between `begin` and `end`, so that they divided by the seconds are a rate.
func (r results) summary(begin, end time.Time, cpu time.Duration) summary {
	found := summary{
		Seconds: end.Sub(begin).Seconds(), CPUSeconds: cpu.Seconds(),
		Outcomes: map[string]int{}, Messages: map[string]string{},
	}
	within := func(at time.Time) bool { return !at.Before(begin) && !at.After(end) }
	var times []time.Duration
	for _, one := range r {
		answered := one.outcome == ok
		if answered && !one.late && within(one.ended) {
			found.Questions += int(one.questions)
		}
		if !within(one.due) {
			continue
		}
		found.Outcomes[one.outcome]++
		if one.hint {
			found.Hints++
		}
		if one.late {
			found.Late++
		}
		if answered {
			times = append(times, one.ended.Sub(one.due))
		} else if found.Messages[one.outcome] == "" {
			found.Messages[one.outcome] = one.message
		}
	}
	found.Latency = percentiles(times)
	return found
}

func percentiles(times []time.Duration) latency {
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
		panic(err) // Getrusage fails only for wrong arguments.
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
