package service_test

import (
	"bytes"
	"net"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	topic "github.com/question-topic/question-topic/clients/go/questiontopicv1"
)

// .NET's client pings after an answer's headers; gRPC knows no answer of the refused calls, and would close the connection.
func TestACallerMayPingAfterEachRefusal(t *testing.T) {
	f := serveModel(t, pets)
	f.service.Drain() // All calls are refused now.
	connection, err := net.Dial("tcp", f.connection.Target())
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	_ = connection.SetDeadline(time.Now().Add(30 * time.Second))
	var block, sent bytes.Buffer
	encoder := hpack.NewEncoder(&block)
	sent.WriteString(http2.ClientPreface)
	framer := http2.NewFramer(&sent, connection)
	framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	_ = framer.WriteSettings()
	for round := range uint32(20) {
		block.Reset()
		for _, field := range callFields("1S") {
			_ = encoder.WriteField(field)
		}
		call := http2.HeadersFrameParam{StreamID: 2*round + 1, BlockFragment: block.Bytes(), EndHeaders: true, EndStream: true}
		_ = framer.WriteHeaders(call)
		_ = framer.WritePing(false, [8]byte{byte(round)})
		if _, err := connection.Write(sent.Bytes()); err != nil {
			t.Fatal(err)
		}
		sent.Reset()
		for refused, answered := false, false; !refused || !answered; {
			switch frame, err := framer.ReadFrame(); frame := frame.(type) {
			case nil:
				t.Fatalf("round %d: %v", round, err)
			case *http2.GoAwayFrame:
				t.Fatalf("round %d: the connection was closed: %v %s", round, frame.ErrCode, frame.DebugData())
			case *http2.PingFrame:
				answered = answered || frame.IsAck()
			case *http2.MetaHeadersFrame:
				refused = true
			}
		}
	}
}

// callFields are the headers of a call of PredictTopic.
func callFields(timeout string) []hpack.HeaderField {
	return []hpack.HeaderField{
		{Name: ":method", Value: "POST"}, {Name: ":scheme", Value: "http"}, {Name: ":authority", Value: "here"},
		{Name: ":path", Value: topic.TopicService_PredictTopic_FullMethodName}, {Name: "te", Value: "trailers"},
		{Name: "content-type", Value: "application/grpc"}, {Name: "grpc-timeout", Value: timeout},
	}
}
