package admission

import "net"

// mostKept is how many bytes of a buffer are kept for the next call: few need more.
const mostKept = 64 * 1024

// connection is what gRPC takes for the caller's.
type connection struct {
	net.Conn
	in  reader
	out writer
}

func newConnection(secured net.Conn, below *paced, gate *gate) *connection {
	c := &connection{Conn: secured, out: writer{raw: secured}}
	c.in = reader{raw: secured, below: below, gate: gate, out: &c.out, through: preface}
	return c
}

// Read is gRPC's to call, from one goroutine. It sends refusals, so it blocks while the caller reads nothing.
func (c *connection) Read(into []byte) (int, error) {
	return c.in.read(into)
}

// Write is gRPC's to call.
func (c *connection) Write(data []byte) (int, error) {
	return c.out.write(data)
}
