package questiontopic

import (
	"context"
	"crypto/tls"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
)

// Transport is the transport security of a client: [Plaintext] or [TLS]. There is no default.
type Transport struct {
	credentials credentials.TransportCredentials
	mismatch    string // What gRPC's error says if the server has the other transport.
	hint        string // What the error says in addition.
}

// Plaintext has no encryption and does not verify the server: for a server on this machine, or in a service mesh that
// encrypts.
func Plaintext() Transport {
	return Transport{insecure.NewCredentials(), "error reading server preface",
		"the server may speak TLS: use TLS instead of Plaintext"}
}

// TLS encrypts, and verifies the server's certificate with the settings in config. A nil config trusts the system's
// roots. For mutual TLS, set Certificates. The config is copied.
func TLS(config *tls.Config) Transport {
	return Transport{credentials.NewTLS(config), "first record does not look like a TLS handshake",
		"the server may not speak TLS: use Plaintext instead of TLS"}
}

// explain adds the hint to the error of a call that failed because the server has the other transport.
func (t Transport) explain(
	ctx context.Context, method string, request, response any,
	connection *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption,
) error {
	err := invoke(ctx, method, request, response, connection, options...)
	if status.Code(err) != codes.Unavailable || !strings.Contains(err.Error(), t.mismatch) {
		return err
	}
	explained := status.Convert(err).Proto()
	explained.Message += " (" + t.hint + ")"
	return status.ErrorProto(explained)
}
