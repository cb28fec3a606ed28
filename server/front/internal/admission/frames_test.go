package admission_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/question-topic/question-topic/server/front/internal/admission"
)

// connect is what gRPC gets for a caller's connection, and that.
func connect(t *testing.T, refuse admission.Refuse) (net.Conn, net.Conn) {
	t.Helper()
	caller, raw := net.Pipe()
	t.Cleanup(func() { _ = caller.Close() })
	gate := admission.Credentials(insecure.NewCredentials(), gated, refuse)
	server, _, err := gate.ServerHandshake(raw)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	return server, caller
}

// traffic is what a caller may send, in any form that HTTP/2 allows, and in words what of it should go through.
type traffic struct {
	random *rand.Rand
	bytes.Buffer
	framer  *http2.Framer
	block   bytes.Buffer
	encoder *hpack.Encoder
	want    []string
}

func newTraffic(seed uint64) *traffic {
	made := &traffic{random: rand.New(rand.NewPCG(seed, 0))}
	made.WriteString(http2.ClientPreface)
	made.framer = http2.NewFramer(made, nil)
	made.encoder = hpack.NewEncoder(&made.block)
	return made
}

// call is refused if its stream's number is a multiple of three.
func (m *traffic) call(stream uint32) {
	fields := []hpack.HeaderField{
		{Name: ":method", Value: "POST"}, {Name: ":scheme", Value: "http"},
		{Name: ":path", Value: gated}, {Name: ":authority", Value: "here"},
		{Name: "grpc-timeout", Value: fmt.Sprintf("%dS", stream)},
	}
	for range m.random.IntN(5) {
		name, value := fmt.Sprintf("x-%d", m.random.IntN(9)), fmt.Sprint(m.random.IntN(9))
		fields = append(fields, hpack.HeaderField{Name: name, Value: value, Sensitive: m.random.IntN(5) == 0})
	}
	if m.random.IntN(10) == 0 {
		m.encoder.SetMaxDynamicTableSize(uint32(m.random.IntN(4096)))
	}
	m.block.Reset()
	for _, field := range fields {
		_ = m.encoder.WriteField(field)
	}
	block := m.block.Bytes()
	first := m.random.IntN(len(block) + 1)
	if m.random.IntN(2) == 0 {
		first = len(block)
	}
	parameters := http2.HeadersFrameParam{
		StreamID: stream, BlockFragment: block[:first], EndHeaders: first == len(block), PadLength: uint8(m.random.IntN(3)),
	}
	if m.random.IntN(4) == 0 {
		parameters.Priority = http2.PriorityParam{Weight: 7}
	}
	_ = m.framer.WriteHeaders(parameters)
	for rest := block[first:]; len(rest) > 0; {
		count := 1 + m.random.IntN(len(rest))
		_ = m.framer.WriteContinuation(stream, count == len(rest), rest[:count])
		rest = rest[count:]
	}
	if stream%3 > 0 {
		m.want = append(m.want, fmt.Sprint(stream, fields))
	}
}

// other writes a frame of another kind.
func (m *traffic) other() {
	number := m.random.Uint32()
	switch m.random.IntN(3) {
	case 0:
		_ = m.framer.WritePing(false, [8]byte{byte(number)})
		m.want = append(m.want, fmt.Sprint("ping ", byte(number)))
	case 1:
		data := bytes.Repeat([]byte{byte(number)}, m.random.IntN(16_384))
		_ = m.framer.WriteData(2, false, data) // A stream that nobody refused.
		m.want = append(m.want, fmt.Sprintf("data %x", sha256.Sum256(data)))
	case 2:
		stream := 1000 + number%1000 // Nobody's.
		_ = m.framer.WriteRSTStream(stream, http2.ErrCodeCancel)
		m.want = append(m.want, fmt.Sprint("reset ", stream))
	}
}

// read is what comes through, in traffic's words.
func read(from io.Reader) ([]string, error) {
	if _, err := io.ReadFull(from, make([]byte, len(http2.ClientPreface))); err != nil {
		return nil, err
	}
	framer := http2.NewFramer(io.Discard, from)
	framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	var got []string
	for {
		frame, err := framer.ReadFrame()
		switch frame := frame.(type) {
		case nil:
			return got, err
		case *http2.MetaHeadersFrame:
			got = append(got, fmt.Sprint(frame.StreamID, frame.Fields))
		case *http2.PingFrame:
			got = append(got, fmt.Sprint("ping ", frame.Data[0]))
		case *http2.DataFrame:
			got = append(got, fmt.Sprintf("data %x", sha256.Sum256(frame.Data())))
		case *http2.RSTStreamFrame:
			got = append(got, fmt.Sprint("reset ", frame.StreamID))
		}
	}
}

func TestEveryFrameGoesThroughButThoseOfRefusedCalls(t *testing.T) {
	for seed := range uint64(30) {
		made := newTraffic(seed)
		for stream := uint32(1); stream < 100; stream += 2 {
			made.call(stream)
			if made.random.IntN(2) == 0 {
				made.other()
			}
		}
		server, caller := connect(t, func(left time.Duration) error {
			if int(left.Seconds())%3 == 0 {
				return refusal(1)
			}
			return nil
		})
		go func() { _, _ = io.Copy(io.Discard, caller) }()
		go func() {
			_, _ = caller.Write(made.Bytes())
			_ = caller.Close()
		}()
		got, err := read(server)
		if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("seed %d: %v", seed, err)
		}
		if fmt.Sprint(got) != fmt.Sprint(made.want) {
			t.Errorf("seed %d: %d frames came through, not as they were sent: want %d", seed, len(got), len(made.want))
		}
	}
}

func TestMalformedHeadersEndTheConnection(t *testing.T) {
	bomb := func(framer *http2.Framer) { // A block that never ends.
		_ = framer.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: []byte{0x82}})
		for range 64 {
			_ = framer.WriteContinuation(1, false, bytes.Repeat([]byte{0x82}, 16_384))
		}
	}
	for name, write := range map[string]func(*http2.Framer){
		"no block": func(framer *http2.Framer) { _ = framer.WriteContinuation(1, true, []byte{0x82}) },
		"another frame inside": func(framer *http2.Framer) {
			_ = framer.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: []byte{0x82}})
			_ = framer.WritePing(false, [8]byte{})
		},
		"another stream's block": func(framer *http2.Framer) {
			_ = framer.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: []byte{0x82}})
			_ = framer.WriteContinuation(3, true, []byte{0x82})
		},
		"unknown index": func(framer *http2.Framer) {
			_ = framer.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: []byte{0xff, 0x7f}, EndHeaders: true})
		},
		"half a field": func(framer *http2.Framer) {
			_ = framer.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: []byte{0x40, 5, 'x'}, EndHeaders: true})
		},
		"too much padding": func(framer *http2.Framer) {
			_ = framer.WriteRawFrame(http2.FrameHeaders, http2.FlagHeadersPadded|http2.FlagHeadersEndHeaders, 1, []byte{9, 0x82})
		},
		"too large a frame": func(framer *http2.Framer) {
			_ = framer.WriteRawFrame(http2.FrameHeaders, http2.FlagHeadersEndHeaders, 1, make([]byte, 16_385))
		},
		"a block without end": bomb,
	} {
		t.Run(name, func(t *testing.T) {
			server, caller := connect(t, func(time.Duration) error { return refusal(0) })
			var sent bytes.Buffer
			sent.WriteString(http2.ClientPreface)
			framer := http2.NewFramer(&sent, nil)
			framer.AllowIllegalWrites = true
			write(framer)
			go func() { _, _ = caller.Write(sent.Bytes()) }()
			got, err := read(server)
			if err == nil || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || len(got) > 0 {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
}

func TestMoreHeadersThanAnybodyReadsAreCut(t *testing.T) {
	server, caller := connect(t, func(time.Duration) error { return nil })
	var sent, block bytes.Buffer
	sent.WriteString(http2.ClientPreface)
	encoder, framer := hpack.NewEncoder(&block), http2.NewFramer(&sent, nil)
	for range 10_000 { // A byte each, but for the first.
		_ = encoder.WriteField(hpack.HeaderField{Name: "x", Value: strings.Repeat("y", 3_000)})
	}
	_ = framer.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block.Bytes(), EndHeaders: true})
	go func() {
		_, _ = caller.Write(sent.Bytes())
		_ = caller.Close()
	}()
	got, err := read(server)
	if !errors.Is(err, io.EOF) || len(got) != 1 {
		t.Fatalf("got %d frames, %v", len(got), err)
	}
	if count := strings.Count(got[0], `"x"`); count < 100 || count > 200 {
		t.Errorf("%d fields came through", count)
	}
}

func TestRefusalsComeBetweenFrames(t *testing.T) {
	server, caller := connect(t, refuse)
	go func() { _, _ = io.Copy(io.Discard, server) }()
	var calls, answers bytes.Buffer
	calls.WriteString(http2.ClientPreface)
	asking, answering := http2.NewFramer(&calls, nil), http2.NewFramer(&answers, nil)
	var block bytes.Buffer
	encoder := hpack.NewEncoder(&block)
	_ = encoder.WriteField(hpack.HeaderField{Name: ":path", Value: gated})
	_ = encoder.WriteField(hpack.HeaderField{Name: "grpc-timeout", Value: "11M"})
	_ = asking.WriteHeaders(http2.HeadersFrameParam{StreamID: 5, BlockFragment: block.Bytes(), EndHeaders: true})
	ended := http2.HeadersFrameParam{StreamID: 7, BlockFragment: block.Bytes(), EndHeaders: true, EndStream: true}
	ended.BlockFragment = []byte{0x80 | 63, 0x80 | 62} // What the first has added to the table.
	_ = asking.WriteHeaders(ended)
	_ = answering.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: []byte{0x88}})
	half := answers.Len() + 3
	_ = answering.WriteContinuation(1, true, []byte{0x90})
	for _, cut := range []int{half - 3, half, answers.Len() - 1} { // Between frames of one block, and inside frames.
		t.Run(fmt.Sprint(cut), func(t *testing.T) {
			server, caller := connect(t, refuse)
			go func() { _, _ = io.Copy(io.Discard, server) }()
			go func() {
				_, _ = server.Write(answers.Bytes()[:cut])
				_, _ = caller.Write(calls.Bytes())
				time.Sleep(40 * time.Millisecond) // The reader wants to send the refusals now.
				_, _ = server.Write(answers.Bytes()[cut:])
			}()
			wantFrames(t, caller, "1 [:status=200 accept-encoding=gzip, deflate] false", "5 refused", "reset 5", "7 refused")
		})
	}
	go func() { _, _ = caller.Write(calls.Bytes()) }()
	wantFrames(t, caller, "5 refused", "reset 5", "7 refused") // Nothing else is written.
}

func wantFrames(t *testing.T, from net.Conn, want ...string) {
	t.Helper()
	_ = from.SetReadDeadline(time.Now().Add(30 * time.Second))
	framer := http2.NewFramer(io.Discard, from)
	framer.ReadMetaHeaders = hpack.NewDecoder(0, nil) // As one whose table is nobody's business here.
	var got []string
	for len(got) < len(want) {
		switch frame, err := framer.ReadFrame(); frame := frame.(type) {
		case *http2.MetaHeadersFrame:
			said := fmt.Sprint(frame.StreamID, " refused")
			if message := frame.Fields[len(frame.Fields)-2]; message.Name != "grpc-message" || !frame.StreamEnded() {
				said = fmt.Sprint(frame.StreamID, " ", short(frame.Fields), " ", frame.StreamEnded())
			}
			got = append(got, said)
		case *http2.RSTStreamFrame:
			got = append(got, fmt.Sprint("reset ", frame.StreamID))
		default:
			t.Fatalf("after %q: got %v, %v", got, frame, err)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func short(fields []hpack.HeaderField) []string {
	var made []string
	for _, field := range fields {
		made = append(made, field.Name+"="+field.Value)
	}
	return made
}

// FuzzConnection demands that it neither fails nor hangs, whatever a caller sends.
func FuzzConnection(f *testing.F) {
	made := newTraffic(1)
	made.call(1)
	made.other()
	made.call(3)
	f.Add(made.Bytes())
	f.Fuzz(func(t *testing.T, sent []byte) {
		server, caller := connect(t, func(time.Duration) error { return refusal(0) })
		go func() { _, _ = io.Copy(io.Discard, caller) }()
		go func() {
			_, _ = caller.Write(sent)
			_ = caller.Close()
		}()
		_, _ = io.Copy(io.Discard, server)
	})
}
