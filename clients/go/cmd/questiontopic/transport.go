package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"

	"github.com/question-topic/question-topic/clients/go/internal/address"
	"github.com/question-topic/question-topic/clients/go/questiontopic"
)

// chooseTransport returns the transport that the flags request. It fails if no transport was chosen and the address is
// not loopback, or if a file cannot be used.
func chooseTransport(chosen options) (questiontopic.Transport, error) {
	switch {
	case chosen.tls:
		config, err := loadTLS(chosen)
		return questiontopic.TLS(config), err
	case chosen.plaintext || address.IsLoopback(chosen.address):
		return questiontopic.Plaintext(), nil
	}
	return questiontopic.Transport{}, fmt.Errorf("%s is not this machine: choose --tls or --plaintext", chosen.address)
}

func loadTLS(chosen options) (*tls.Config, error) {
	config := &tls.Config{ServerName: chosen.serverName}
	if chosen.ca != "" {
		pem, err := os.ReadFile(chosen.ca)
		if err != nil {
			return nil, fmt.Errorf("--ca: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("--ca: %s holds no PEM certificate", chosen.ca)
		}
	}
	if chosen.certificate != "" {
		pair, err := tls.LoadX509KeyPair(chosen.certificate, chosen.key)
		if err != nil {
			return nil, fmt.Errorf("--cert, --key: %w", err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}
