package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"

	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
)

// listeners takes over the sockets that were bound for this process.
func listeners(given settings) ([]net.Listener, error) {
	var found []net.Listener
	for _, descriptor := range given.Listening {
		file := os.NewFile(uintptr(descriptor), given.Address)
		listener, err := net.FileListener(file) // A copy.
		file.Close()
		if err != nil {
			return nil, err
		}
		found = append(found, listener)
	}
	return found, nil
}

// transport is what the server speaks, and that in words.
func transport(given settings) (credentials.TransportCredentials, string, error) {
	if given.TLSCertificate == "" {
		return insecure.NewCredentials(), "plaintext", nil
	}
	pair, err := tls.LoadX509KeyPair(given.TLSCertificate, given.TLSKey)
	if err != nil {
		return nil, "", fmt.Errorf("%s: %w", given.TLSCertificate, err)
	}
	config := &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	if given.TLSClientCA == "" {
		return credentials.NewTLS(config), "TLS", nil
	}
	authorities, err := os.ReadFile(given.TLSClientCA)
	if err != nil {
		return nil, "", err
	}
	config.ClientCAs, config.ClientAuth = x509.NewCertPool(), tls.RequireAndVerifyClientCert
	if !config.ClientCAs.AppendCertsFromPEM(authorities) {
		return nil, "", fmt.Errorf("%s: holds no certificate", given.TLSClientCA)
	}
	return credentials.NewTLS(config), "mutual TLS", nil
}
