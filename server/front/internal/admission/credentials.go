// Package admission refuses calls at the connection, before gRPC makes anything of them.
//
// A refusal by gRPC costs as much as a twentieth of an answer, so that ten times the calls that a server can take would
// leave it half of its CPU for answers. Here it costs less than a quarter of that: the headers of a new call are read, and
// if it is to be refused, its status is sent from here and gRPC never sees them. Everything else goes through to gRPC and
// back. Figures are in docs/profile.md.
package admission

import (
	"net"
	"time"

	"google.golang.org/grpc/credentials"
)

// Refuse says whether a call that has so long to go (math.MaxInt64 without a deadline) is refused now: with which error,
// as status.FromError reads it. The same error twice costs next to nothing.
type Refuse func(left time.Duration) error

// Credentials are those of a server whose calls of one method ("/package.Service/Method") pass refuse first.
func Credentials(inner credentials.TransportCredentials, method string, refuse Refuse) credentials.TransportCredentials {
	return &transport{inner, method, refuse}
}

type transport struct {
	credentials.TransportCredentials
	method string
	refuse Refuse
}

// ServerHandshake is gRPC's to call.
func (t *transport) ServerHandshake(raw net.Conn) (net.Conn, credentials.AuthInfo, error) {
	below := &paced{Conn: raw}
	secured, info, err := t.TransportCredentials.ServerHandshake(below)
	if err != nil {
		return nil, nil, err
	}
	return newConnection(secured, below, newGate(t.method, t.refuse)), info, nil
}

// Clone is gRPC's to call.
func (t *transport) Clone() credentials.TransportCredentials {
	return &transport{t.TransportCredentials.Clone(), t.method, t.refuse}
}
