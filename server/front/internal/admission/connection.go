package admission

import (
	"net"
	"time"
)

const (
	readAhead = 32 * 1024 // Bytes; gRPC, which has no buffer of its own then, has as many.
	// After refusals so long nothing is read: the next reading, and the next writing, are then for many calls.
	pace = 20 * time.Millisecond
)

// connection is what gRPC takes for the caller's.
type connection struct {
	net.Conn
	in  reader
	out writer
}

func newConnection(raw net.Conn, gate *gate) *connection {
	c := &connection{Conn: raw, out: writer{raw: raw}}
	c.in = reader{raw: raw, gate: gate, out: &c.out, through: preface}
	return c
}

// Read is gRPC's to call, from one goroutine.
func (c *connection) Read(into []byte) (int, error) {
	return c.in.read(into)
}

// Write is gRPC's to call.
func (c *connection) Write(data []byte) (int, error) {
	return c.out.write(data)
}
