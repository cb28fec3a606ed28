package commandflag

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"

	"github.com/question-topic/question-topic/clients/go/internal/address"
	"github.com/question-topic/question-topic/clients/go/questiontopic"
)

// Transport has the flags that choose the transport to a server.
type Transport struct {
	prefix           string // Of the flags' names.
	plaintext, tls   bool
	ca               string
	certificate, key string
	serverName       string
}

// NewTransport adds the flags to a set. The name of each begins with prefix.
func NewTransport(flags *flag.FlagSet, prefix string) *Transport {
	t := &Transport{prefix: prefix}
	flags.BoolVar(&t.plaintext, prefix+"plaintext", false, "")
	flags.BoolVar(&t.tls, prefix+"tls", false, "")
	flags.StringVar(&t.ca, prefix+"ca", "", "")
	flags.StringVar(&t.certificate, prefix+"cert", "", "")
	flags.StringVar(&t.key, prefix+"key", "", "")
	flags.StringVar(&t.serverName, prefix+"server-name", "", "")
	return t
}

// Check finds flags that do not fit together.
func (t *Transport) Check() error {
	switch {
	case t.plaintext && t.tls:
		return t.fault("--%plaintext and --%tls: choose one")
	case (t.certificate == "") != (t.key == ""):
		return t.fault("--%cert and --%key: give both or neither")
	case !t.tls && (t.ca != "" || t.certificate != "" || t.serverName != ""):
		return t.fault("--%ca, --%cert, --%key and --%server-name need --%tls")
	}
	return nil
}

// Choose returns the transport that the flags request. It fails if no transport was chosen and target, which is
// HOST:PORT or another gRPC target, is not loopback, or if a file cannot be used.
func (t *Transport) Choose(target string) (questiontopic.Transport, error) {
	switch {
	case t.tls:
		config, err := t.load()
		return questiontopic.TLS(config), err
	case t.plaintext || address.IsLoopback(target[strings.LastIndexByte(target, '/')+1:]):
		return questiontopic.Plaintext(), nil
	}
	return questiontopic.Transport{}, fmt.Errorf("%s is not this machine: %w", target, t.fault("choose --%tls or --%plaintext"))
}

func (t *Transport) load() (*tls.Config, error) {
	config := &tls.Config{ServerName: t.serverName}
	if t.ca != "" {
		pem, err := os.ReadFile(t.ca)
		if err != nil {
			return nil, fmt.Errorf("--%sca: %w", t.prefix, err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("--%sca: %s holds no PEM certificate", t.prefix, t.ca)
		}
	}
	if t.certificate != "" {
		pair, err := tls.LoadX509KeyPair(t.certificate, t.key)
		if err != nil {
			return nil, fmt.Errorf("--%[1]scert, --%[1]skey: %[2]w", t.prefix, err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}

// fault returns an error with this message, in which --% stands for the beginning of the flags' names.
func (t *Transport) fault(message string) error {
	return errors.New(strings.ReplaceAll(message, "--%", "--"+t.prefix))
}
