package questiontopic

import (
	"crypto/tls"

	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
)

// Transport is the transport security of a client: [Plaintext] or [TLS]. There is no default.
type Transport struct {
	credentials credentials.TransportCredentials
}

// Plaintext has no encryption and does not verify the server: for a server on this machine, or in a service mesh that
// encrypts.
func Plaintext() Transport {
	return Transport{insecure.NewCredentials()}
}

// TLS encrypts, and verifies the server's certificate with the settings in config. A nil config trusts the system's
// roots. For mutual TLS, set Certificates. The config is copied.
func TLS(config *tls.Config) Transport {
	return Transport{credentials.NewTLS(config)}
}
