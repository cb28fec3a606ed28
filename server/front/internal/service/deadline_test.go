package service_test

import (
	"encoding/binary"
	"testing"

	"golang.org/x/net/http2"
)

// gRPC's own timer would reset the stream, which callers whose clock is a little behind take for CANCELLED.
func TestAnAcceptedCallThatExpiresIsToldSoByAStatus(t *testing.T) {
	f := serveModel(t, pets)
	defer close(f.release)
	go func() { <-f.entered }()
	caller := f.dialBare(t)
	caller.call(1, "200m", false)
	message := request("hold")
	_ = caller.WriteData(1, true, append(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(message))), message...))
	caller.send()
	for {
		switch frame, err := caller.ReadFrame(); frame := frame.(type) {
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
