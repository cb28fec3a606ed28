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
		{Name: "content-type", Value: "application/grpc"}, {Name: "grpc-timeout", Value: fmt.Sprintf("%dS", stream)},
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
	if count := strings.Count(got[0], `"x"`); count < 50 || count > 200 {
		t.Errorf("%d fields came through", count)
	}
}

// calls are two that are refused; of the first the message is still to come.
func calls(settings ...http2.Setting) []byte {
	var made, block bytes.Buffer
	made.WriteString(http2.ClientPreface)
	framer, encoder := http2.NewFramer(&made, nil), hpack.NewEncoder(&block)
	_ = framer.WriteSettings(settings...)
	for stream := uint32(5); stream < 9; stream += 2 {
		block.Reset()
		_ = encoder.WriteField(hpack.HeaderField{Name: ":path", Value: gated})
		_ = encoder.WriteField(hpack.HeaderField{Name: "content-type", Value: "application/grpc+proto"})
		_ = encoder.WriteField(hpack.HeaderField{Name: "grpc-timeout", Value: "11M"})
		_ = framer.WriteHeaders(http2.HeadersFrameParam{
			StreamID: stream, BlockFragment: block.Bytes(), EndHeaders: true, EndStream: stream == 7,
		})
	}
	return made.Bytes()
}

func TestRefusalsComeBetweenFrames(t *testing.T) {
	var answers bytes.Buffer
	framer := http2.NewFramer(&answers, nil)
	_ = framer.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: []byte{0x88}})
	first := answers.Len()
	_ = framer.WriteContinuation(1, true, []byte{0x90})
	for _, cut := range []int{first, first + 3, answers.Len() - 1} { // Between frames of one block, and inside frames.
		t.Run(fmt.Sprint(cut), func(t *testing.T) {
			server, caller := connect(t, refuse)
			go func() { _, _ = io.Copy(io.Discard, server) }()
			go func() {
				_, _ = server.Write(answers.Bytes()[:cut])
				_, _ = caller.Write(calls())
				time.Sleep(40 * time.Millisecond) // The reader wants to send the refusals now.
				_, _ = server.Write(answers.Bytes()[cut:])
			}()
			answer := "1 [:status=200 accept-encoding=gzip, deflate] false"
			wantFrames(t, caller, answer, "5 refused", "reset 5", "7 refused")
		})
	}
}

func TestWhatARefusedCallStillSendsIsGivenBackAtOnce(t *testing.T) {
	server, caller := connect(t, refuse)
	go func() { _, _ = io.Copy(io.Discard, server) }()
	go func() { _, _ = caller.Write(calls()) }()
	wantFrames(t, caller, "5 refused", "reset 5", "7 refused") // No other traffic sends them.
	var late bytes.Buffer
	_ = http2.NewFramer(&late, nil).WriteData(7, false, make([]byte, 10_000))
	go func() { _, _ = caller.Write(late.Bytes()) }()
	wantFrames(t, caller, "window 10000")
}

func TestACallerWithASmallTableIsLeftToGRPC(t *testing.T) {
	for size, want := range map[uint32]int{0: 2, 4095: 2, 4096: 0, 65_536: 0} {
		server, caller := connect(t, refuse)
		go func() { _, _ = io.Copy(io.Discard, caller) }()
		go func() {
			other := http2.Setting{ID: http2.SettingMaxFrameSize, Val: 16_384}
			_, _ = caller.Write(calls(other, http2.Setting{ID: http2.SettingHeaderTableSize, Val: size}))
			_ = caller.Close()
		}()
		got, _ := read(server)
		if len(got) != want {
			t.Errorf("table of %d bytes: %d calls came through, want %d", size, len(got), want)
		}
	}
}

func TestWhatIsNoNewCallIsLeftToGRPC(t *testing.T) {
	for name, fields := range map[string][]hpack.HeaderField{
		"no call of gRPC": {{Name: ":path", Value: gated}, {Name: "content-type", Value: "text/html"}},
		"another method":  {{Name: ":path", Value: free}, {Name: "content-type", Value: "application/grpc"}},
		"malformed deadline": {
			{Name: ":path", Value: gated}, {Name: "content-type", Value: "application/grpc"}, {Name: "grpc-timeout", Value: "1x"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			wantThrough(t, []uint32{3}, fields)
		})
	}
	call := []hpack.HeaderField{{Name: ":path", Value: gated}, {Name: "content-type", Value: "application/grpc"}}
	wantThrough(t, []uint32{4}, call)
	wantThrough(t, []uint32{3, 3}, call)
}

// wantThrough sends headers on streams, which are let through the first time and after that refused if they are calls.
func wantThrough(t *testing.T, streams []uint32, fields []hpack.HeaderField) {
	t.Helper()
	var asked int
	server, caller := connect(t, func(time.Duration) error {
		if asked++; asked == 1 && len(streams) > 1 {
			return nil
		}
		return refusal(0)
	})
	var sent, block bytes.Buffer
	sent.WriteString(http2.ClientPreface)
	framer, encoder := http2.NewFramer(&sent, nil), hpack.NewEncoder(&block)
	for _, stream := range streams {
		block.Reset()
		for _, field := range fields {
			_ = encoder.WriteField(field)
		}
		_ = framer.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: block.Bytes(), EndHeaders: true})
	}
	go func() { _, _ = io.Copy(io.Discard, caller) }()
	go func() {
		_, _ = caller.Write(sent.Bytes())
		_ = caller.Close()
	}()
	if got, _ := read(server); len(got) != len(streams) {
		t.Errorf("%d came through, want %d", len(got), len(streams))
	}
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
		case *http2.WindowUpdateFrame:
			got = append(got, fmt.Sprint("window ", frame.Increment))
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
