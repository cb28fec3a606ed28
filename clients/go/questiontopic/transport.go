package questiontopic

import (
	"crypto/tls"

	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
)

// Transport is how bytes travel to the server. There is no default: take [Plaintext] or [TLS].
type Transport struct {
	credentials credentials.TransportCredentials
}

// Plaintext encrypts nothing and trusts whoever answers: for the same machine, or below a mesh that encrypts.
func Plaintext() Transport {
	return Transport{insecure.NewCredentials()}
}

// TLS encrypts and verifies the server's certificate as config says. A nil config trusts the system's roots; mutual TLS
// is a config with Certificates. The config is copied.
func TLS(config *tls.Config) Transport {
	return Transport{credentials.NewTLS(config)}
}
