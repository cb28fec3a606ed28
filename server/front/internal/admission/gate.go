package admission

import (
	"bytes"
	"errors"
	"math"
	"strconv"
	"time"

	"golang.org/x/net/http2/hpack"
)

const (
	tableSize  = 4_096                      // Of HPACK, unless the two sides agree on another.
	mostBlock  = 512 * 1024                 // Bytes of one block of headers, twice what gRPC reads of it.
	longest    = 100 * 365 * 24 * time.Hour // More than that is as good.
	mostFields = 512 * 1024                 // The same, decoded: gRPC sees that it is too much.
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
	timeout    string

	refusal refusal
}

func newGate(method string, refuse Refuse) *gate {
	g := &gate{method: method, refuse: refuse}
	g.decoder = hpack.NewDecoder(tableSize, g.keep)
	g.decoder.SetMaxStringLength(mostFields)
	g.encoder = hpack.NewEncoder(&g.encoded)
	return g
}

// begin is called for a HEADERS frame, add for each part of its block, decide at its end.
func (g *gate) begin(stream uint32, ended bool) {
	g.stream, g.open, g.ended = stream, true, ended
	g.size, g.fields, g.fieldsSize, g.path, g.timeout = 0, g.fields[:0], 0, "", ""
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
	case "grpc-timeout":
		g.timeout = field.Value
	}
}

// decide has either the block for gRPC or that of a refusal.
func (g *gate) decide() (passed, refused []byte, err error) {
	g.open = false
	if err := g.decoder.Close(); err != nil {
		return nil, nil, err
	}
	if left, known := readTimeout(g.timeout); known && g.path == g.method {
		if err := g.refuse(left); err != nil {
			return nil, g.refusal.block(err), nil
		}
	}
	g.encoded.Reset()
	for _, field := range g.fields {
		if err := g.encoder.WriteField(field); err != nil {
			return nil, nil, err
		}
	}
	return g.encoded.Bytes(), nil, nil
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
