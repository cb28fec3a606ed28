package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"net"
	"net/url"
	"strconv"
	"sync"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

const (
	readAhead   = 1 << 30                // Bytes of answers that are let in: more than a run has.
	lastAnswer  = 500 * time.Millisecond // After the last deadline.
	dialTime    = 5 * time.Second
	tick        = time.Millisecond // Calls due within one are sent at its end: fewer wake-ups for both sides.
	mostMessage = 16_384 - 5       // Bytes: what fits into one frame of a server that names no other size.
)

// bareConnection makes gRPC calls without a gRPC client, for a third of its CPU time: a call is the same headers and
// message, but has no goroutine, context or timer. So none is taken back when its deadline passes: that is up to the
// server.
type bareConnection struct {
	load      *load
	fields    []hpack.HeaderField // Of every call; the deadline is not among them.
	transport net.Conn
	framer    *http2.Framer // To be written to under the mutex, to be read from by one goroutine.

	mutex   sync.Mutex
	buffer  *bufio.Writer
	headers bytes.Buffer
	encoder *hpack.Encoder
	stream  uint32 // The next.
	open    map[uint32]openCall
	most    uint32 // Calls that the server lets be open.
	window  int64  // Bytes that the server takes for now.
	broken  bool
}

type openCall struct {
	questions uint32
	due       time.Time
}

// dialAllBare opens so many connections.
func dialAllBare(target string, count int, load *load) ([]*bareConnection, error) {
	where, err := url.Parse(target)
	if err != nil {
		return nil, err
	}
	if where.Scheme != "grpc" {
		return nil, fmt.Errorf("-bare is for grpc://, not for %q", target)
	}
	for number, request := range load.requests {
		if len(request.body) > mostMessage {
			return nil, fmt.Errorf("-bare: request %d has %d bytes, at most %d can be sent", number, len(request.body), mostMessage)
		}
	}
	var found []*bareConnection
	for range count {
		connection, err := dialBare(where, load)
		if err != nil {
			return nil, err
		}
		found = append(found, connection)
	}
	return found, nil
}

func dialBare(target *url.URL, load *load) (*bareConnection, error) {
	transport, err := net.DialTimeout("tcp", target.Host, dialTime)
	if err != nil {
		return nil, err
	}
	c := &bareConnection{
		load: load, transport: transport, buffer: bufio.NewWriterSize(transport, 64<<10),
		stream: 1, open: map[uint32]openCall{}, most: math.MaxUint32, window: 65_535,
		fields: []hpack.HeaderField{
			{Name: ":method", Value: "POST"},
			{Name: ":scheme", Value: "http"},
			{Name: ":path", Value: target.Path},
			{Name: ":authority", Value: target.Host},
			{Name: "content-type", Value: "application/grpc"},
			{Name: "user-agent", Value: "loadgen"},
			{Name: "te", Value: "trailers"},
		},
	}
	c.encoder = hpack.NewEncoder(&c.headers)
	c.framer = http2.NewFramer(c.buffer, bufio.NewReaderSize(transport, 64<<10))
	c.framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	c.framer.SetReuseFrames()
	_, _ = c.buffer.WriteString(http2.ClientPreface)
	_ = c.framer.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: readAhead})
	_ = c.framer.WriteWindowUpdate(0, readAhead)
	return c, c.buffer.Flush()
}

// ask starts calls at random times, as load.open does, and waits until the last has ended. That a call waits for the end
// of its tick is part of its time.
func (c *bareConnection) ask(ctx context.Context, rate float64) {
	if end, bounded := ctx.Deadline(); bounded { // A server that stalls must not hold up this program.
		_ = c.transport.SetDeadline(end.Add(c.load.timeout + lastAnswer))
	}
	read := make(chan struct{})
	go func() {
		c.read()
		close(read)
	}()
	for due := time.Now(); ; {
		due = due.Add(time.Duration(rand.ExpFloat64() / rate * float64(time.Second)))
		if time.Until(due) > 0 {
			c.flush()
			time.Sleep(time.Until(due.Truncate(tick).Add(tick)))
		}
		if ctx.Err() != nil {
			break
		}
		c.start(due)
	}
	c.flush()
	for end := time.Now().Add(c.load.timeout + lastAnswer); c.waiting() > 0 && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	c.transport.Close()
	<-read
}

// start writes a call's frames, or counts it as not sent if the server takes no more.
func (c *bareConnection) start(due time.Time) {
	request := c.load.request()
	c.mutex.Lock()
	defer c.mutex.Unlock()
	size := int64(5 + len(request.body))
	if c.broken || uint32(len(c.open)) >= c.most || c.window < size {
		c.load.add(result{outcome: "not sent", due: due, ended: due})
		return
	}
	c.headers.Reset()
	for _, field := range c.fields {
		_ = c.encoder.WriteField(field)
	}
	left := max((time.Until(due.Add(c.load.timeout)) + time.Millisecond - 1).Milliseconds(), 1) // Rounded up, as clients do.
	_ = c.encoder.WriteField(hpack.HeaderField{Name: "grpc-timeout", Value: strconv.FormatInt(left, 10) + "m"})
	_ = c.framer.WriteHeaders(http2.HeadersFrameParam{
		StreamID: c.stream, BlockFragment: c.headers.Bytes(), EndHeaders: true,
	})
	message := binary.BigEndian.AppendUint32(make([]byte, 1, size), uint32(len(request.body)))
	_ = c.framer.WriteData(c.stream, true, append(message, request.body...))
	c.open[c.stream] = openCall{request.questions, due}
	c.stream += 2
	c.window -= size
}

func (c *bareConnection) flush() {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	_ = c.buffer.Flush() // That the connection is broken, its reader learns too.
}

func (c *bareConnection) waiting() int {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return len(c.open)
}
