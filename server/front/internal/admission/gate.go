package admission

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/http2/hpack"
)

const (
	tableSize  = 4_096                      // Of HPACK, unless the two sides agree on another.
	mostBlock  = 288 * 1024                 // Bytes of one block of headers, more than gRPC reads of it.
	mostFields = 288 * 1024                 // The same, decoded: gRPC sees that it is too much.
	mostNumber = 1_000                      // Of fields that there is kept room for.
	longest    = 100 * 365 * 24 * time.Hour // More than that is as good.
)

var errHeaders = errors.New("a block of headers is malformed or too large")

// gate reads the blocks of headers of one connection, in order. Those that it lets through are written anew: with the
// refused ones left out, gRPC could not read the others as they came.
type gate struct {
	method string
	refuse Refuse

	decoder *hpack.Decoder
	encoder *hpack.Encoder
	encoded bytes.Buffer

	stream     uint32 // Of the present block.
	open       bool   // Whether its end has not come.
	ended      bool   // Whether its stream has nothing else.
	size       int
	fields     []hpack.HeaderField
	fieldsSize int
	path       string
	kind       string // Its content-type.
	timeout    string

	last   uint32 // The newest stream; only later ones are calls.
	newest *refusal
}

func newGate(method string, refuse Refuse) *gate {
	g := &gate{method: method, refuse: refuse}
	g.decoder = hpack.NewDecoder(tableSize, g.keep)
	g.decoder.SetMaxStringLength(mostFields)
	g.encoder = hpack.NewEncoder(&g.encoded)
	return g
}

// agree reads the caller's settings. One that wants a smaller table must be told with the next headers that it has it: by
// gRPC, whose table it is. So nothing is refused here any more.
func (g *gate) agree(settings []byte) {
	for ; len(settings) >= settingSize; settings = settings[settingSize:] {
		if binary.BigEndian.Uint16(settings) == tableSetting && binary.BigEndian.Uint32(settings[2:]) < tableSize {
			g.refuse = func(time.Duration) error { return nil }
		}
	}
}

// begin is called for a HEADERS frame, add for each part of its block, decide at its end.
func (g *gate) begin(stream uint32, ended bool) {
	if cap(g.fields) > mostNumber {
		g.fields = nil
	}
	g.stream, g.open, g.ended = stream, true, ended
	g.size, g.fields, g.fieldsSize, g.path, g.kind, g.timeout = 0, g.fields[:0], 0, "", "", ""
}

func (g *gate) add(part []byte) error {
	if g.size += len(part); g.size > mostBlock {
		return errHeaders
	}
	_, err := g.decoder.Write(part)
	return err
}

func (g *gate) keep(field hpack.HeaderField) {
	if g.fieldsSize > mostFields {
		return
	}
	g.fieldsSize += int(field.Size())
	g.fields = append(g.fields, field)
	switch field.Name {
	case ":path":
		g.path = field.Value
	case "content-type":
		g.kind = field.Value
	case "grpc-timeout":
		g.timeout = field.Value
	}
}

// decide has either the block for gRPC or a refusal.
func (g *gate) decide() (passed []byte, refused *refusal, err error) {
	g.open = false
	if err := g.decoder.Close(); err != nil {
		return nil, nil, err
	}
	defer clear(g.fields) // They would be remembered until the next call.
	if refused := g.refusal(); refused != nil {
		return nil, refused, nil
	}
	if g.encoded.Cap() > mostKept {
		g.encoded = bytes.Buffer{}
	}
	g.encoded.Reset()
	for _, field := range g.fields {
		if err := g.encoder.WriteField(field); err != nil {
			return nil, nil, err
		}
	}
	return g.encoded.Bytes(), nil, nil
}

// refusal is nil unless these headers begin a call of the method and it is refused; what is malformed is gRPC's business.
func (g *gate) refusal() *refusal {
	if g.stream <= g.last || g.stream%2 == 0 {
		return nil
	}
	g.last = g.stream
	left, known := readTimeout(g.timeout)
	if !known || g.path != g.method || !strings.HasPrefix(g.kind, "application/grpc") {
		return nil
	}
	err := g.refuse(left)
	if err == nil {
		return nil
	}
	if g.newest == nil || g.newest.of != err {
		g.newest = newRefusal(err)
	}
	return g.newest
}

// readTimeout reads gRPC's header grpc-timeout: at most eight digits and a unit, or none for no deadline.
func readTimeout(text string) (left time.Duration, known bool) {
	if text == "" {
		return math.MaxInt64, true
	}
	last := len(text) - 1
	number, err := strconv.ParseUint(text[:last], 10, 32)
	if err != nil || last > 8 {
		return 0, false
	}
	unit := time.Duration(0)
	switch text[last] {
	case 'H':
		unit = time.Hour
	case 'M':
		unit = time.Minute
	case 'S':
		unit = time.Second
	case 'm':
		unit = time.Millisecond
	case 'u':
		unit = time.Microsecond
	case 'n':
		unit = time.Nanosecond
	default:
		return 0, false
	}
	return time.Duration(min(float64(number)*float64(unit), float64(longest))), true
}
