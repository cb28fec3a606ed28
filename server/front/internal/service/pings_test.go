package service_test

import (
	"testing"

	"golang.org/x/net/http2"
)

// .NET's client pings after an answer's headers; gRPC knows no answer of the refused calls, and would close the connection.
func TestACallerMayPingAfterEachRefusal(t *testing.T) {
	f := serveModel(t, pets)
	f.service.Drain() // All calls are refused now.
	caller := f.dialBare(t)
	for round := range uint32(20) {
		caller.call(2*round+1, "1S", true)
		_ = caller.WritePing(false, [8]byte{byte(round)})
		caller.send()
		for refused, answered := false, false; !refused || !answered; {
			switch frame, err := caller.ReadFrame(); frame := frame.(type) {
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
