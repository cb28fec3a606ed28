package service_test

import (
	"bytes"
	"encoding/binary"
	"net"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// gRPC's own timer would reset the stream, which callers whose clock is a little behind take for CANCELLED.
func TestAnAcceptedCallThatExpiresIsToldSoByAStatus(t *testing.T) {
	f := serveModel(t, pets)
	defer close(f.release)
	go func() { <-f.entered }()
	connection, err := net.Dial("tcp", f.connection.Target())
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	_ = connection.SetDeadline(time.Now().Add(30 * time.Second))
	var block, sent bytes.Buffer
	encoder := hpack.NewEncoder(&block)
	for _, field := range callFields("200m") {
		_ = encoder.WriteField(field)
	}
	sent.WriteString(http2.ClientPreface)
	framer := http2.NewFramer(&sent, connection)
	framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	_ = framer.WriteSettings()
	_ = framer.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block.Bytes(), EndHeaders: true})
	message := request("hold")
	_ = framer.WriteData(1, true, append(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(message))), message...))
	if _, err := connection.Write(sent.Bytes()); err != nil {
		t.Fatal(err)
	}
	for {
		switch frame, err := framer.ReadFrame(); frame := frame.(type) {
		case nil:
			t.Fatal(err)
		case *http2.RSTStreamFrame:
			t.Fatalf("the stream was reset: %v", frame.ErrCode)
		case *http2.MetaHeadersFrame:
			for _, field := range frame.Fields {
				if field.Name == "grpc-status" && field.Value == "4" {
					return
				}
			}
			t.Fatalf("got %v, want DEADLINE_EXCEEDED", frame.Fields)
		}
	}
}
