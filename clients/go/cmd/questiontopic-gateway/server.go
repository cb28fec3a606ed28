package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"time"
)

// No answer takes longer; it ends callers that do not read theirs.
const writeTimeout = 2 * time.Minute

// More calls of one connection wait in the caller, and expire there at no cost. The server itself has the same limit.
const maxStreams = 64

// server is the HTTP server with the time that its end may take.
type server struct {
	http                     *http.Server
	drainDelay, drainTimeout time.Duration
}

// newServer returns a server of HTTP/1.1 and HTTP/2, the latter also without TLS, as gRPC needs it.
func newServer(handler http.Handler, certificates *tls.Config, chosen options, log *log.Logger) server {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(true)
	protocols.SetUnencryptedHTTP2(true)
	return server{
		http: &http.Server{
			Handler:        handler,
			Protocols:      protocols,
			TLSConfig:      certificates,
			ReadTimeout:    chosen.readTimeout,
			WriteTimeout:   writeTimeout,
			IdleTimeout:    writeTimeout,
			MaxHeaderBytes: 16 << 10,
			HTTP2:          &http.HTTP2Config{MaxConcurrentStreams: maxStreams},
			ErrorLog:       log,
		},
		drainDelay:   chosen.drainDelay,
		drainTimeout: chosen.drainTimeout,
	}
}

// serve answers until ctx ends. Then it calls drain, goes on for the drain delay, closes the port, and returns when the
// running calls are answered. It returns an error if it cannot serve, or if calls were cut off.
func (s server) serve(ctx context.Context, listener net.Listener, drain func()) error {
	failed := make(chan error, 1)
	go func() {
		if s.http.TLSConfig != nil {
			failed <- s.http.ServeTLS(listener, "", "")
		} else {
			failed <- s.http.Serve(listener)
		}
	}()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	drain()
	select {
	case err := <-failed:
		return err
	case <-time.After(s.drainDelay):
	}
	end, cancel := context.WithTimeout(context.Background(), s.drainTimeout)
	defer cancel()
	if err := s.http.Shutdown(end); err != nil {
		return errors.Join(fmt.Errorf("calls were cut off after --drain-timeout, %v", s.drainTimeout), s.http.Close())
	}
	return nil
}

// address returns the URL of the page.
func address(listener net.Listener, certificates *tls.Config) string {
	scheme := "http"
	if certificates != nil {
		scheme = "https"
	}
	return scheme + "://" + listener.Addr().String() + "/"
}
