package batcher

import "time"

const awaited = 100 * time.Millisecond

// admitted counts calls that were admitted and have not arrived. Some never do: none counts for three times awaited.
type admitted struct {
	newer, older int
	since        time.Time // Of newer.
}

func (a *admitted) add(now time.Time) {
	a.forget(now)
	a.newer++
}

func (a *admitted) arrive() {
	switch {
	case a.older > 0:
		a.older--
	case a.newer > 0:
		a.newer--
	}
}

func (a *admitted) count(now time.Time) int {
	a.forget(now)
	return a.older + a.newer
}

func (a *admitted) forget(now time.Time) {
	switch passed := now.Sub(a.since); {
	case passed >= 2*awaited:
		a.older, a.newer, a.since = 0, 0, now
	case passed >= awaited:
		a.older, a.newer, a.since = a.newer, 0, now
	}
}
