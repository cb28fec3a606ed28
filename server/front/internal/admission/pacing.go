package admission

import (
	"bufio"
	"net"
	"time"
)

const (
	readAhead = 32 * 1024 // Bytes; gRPC, which has no buffer of its own then, has as many.
	// A connection is in a flood while so many of its calls are refused in the time of a pause.
	flood = 8
	pause = 20 * time.Millisecond
)

// paced is what the network gives, in a flood a pause's worth at a time: to read it, and to send the refusals, then
// costs as much for many calls as for one. It lies below TLS, whose records are read one by one.
type paced struct {
	net.Conn
	ahead   *bufio.Reader // For readers of few bytes; others need none.
	counted int           // Refusals since began.
	began   time.Time
	waiting bool // Whether the next reading waits.
}

// refused is told of refusals since the last reading.
func (p *paced) refused(count int) {
	if now := time.Now(); now.Sub(p.began) > pause {
		p.counted, p.began = 0, now
	}
	p.counted += count
	p.waiting = p.counted >= flood
}

// Read is called from one goroutine at a time.
func (p *paced) Read(into []byte) (int, error) {
	if p.waiting && (p.ahead == nil || p.ahead.Buffered() == 0) {
		p.waiting = false
		now := time.Now()
		time.Sleep(now.Truncate(pause).Add(pause).Sub(now)) // Connections wake together: that is one wake-up for all.
	}
	if p.ahead == nil {
		if len(into) >= readAhead/4 {
			return p.Conn.Read(into)
		}
		p.ahead = bufio.NewReaderSize(p.Conn, readAhead)
	}
	return p.ahead.Read(into)
}
