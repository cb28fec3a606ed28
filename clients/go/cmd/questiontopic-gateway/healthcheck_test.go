package main

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/question-topic/question-topic/clients/go/internal/topictest"
)

// healthcheck runs the command's health check, and returns its exit code and all that it wrote.
func healthcheck(t *testing.T, arguments ...string) (int, string) {
	t.Helper()
	command := topictest.Command(t, append([]string{"healthcheck"}, arguments...)...)
	command.Env = append(command.Env, "HTTP_PROXY=http://127.0.0.1:1")
	output, _ := command.CombinedOutput() // The exit code is in the state.
	return command.ProcessState.ExitCode(), string(output)
}

func TestHealthcheckIsWellOnlyWhileTheServerAnswers(t *testing.T) {
	address, stop, err := topictest.Start(newService(topictest.Answer))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { stop() }()
	gateway := start(t, address)
	_, port, _ := net.SplitHostPort(gateway.address)
	for _, listening := range []string{gateway.address, "0.0.0.0:" + port, ":" + port} {
		if code, output := healthcheck(t, "--address", listening); code != 0 || output != "SERVING\n" {
			t.Errorf("%s: got exit code %d and %q, want 0 and SERVING", listening, code, output)
		}
	}
	stop()
	stop = func() {}
	if code, output := healthcheck(t, "--address", gateway.address); code != 1 || output != "NOT_SERVING\n" {
		t.Errorf("without a server: got exit code %d and %q, want 1 and NOT_SERVING", code, output)
	}
}

func TestHealthcheckSpeaksTLSIfTheGatewayDoes(t *testing.T) {
	certificate, key := topictest.WriteCertificate(t, topictest.NewAuthority(t).Issue(t, "gateway.test"))
	flags := []string{"--tls-certificate", certificate, "--tls-key", key}
	gateway := start(t, newBackend(t, topictest.Answer), flags...)
	if code, output := healthcheck(t, append(flags, "--address", gateway.address)...); code != 0 {
		t.Errorf("got exit code %d and %q, want 0", code, output)
	}
	if code, _ := healthcheck(t, "--address", gateway.address); code != 1 {
		t.Errorf("without TLS: got exit code %d, want 1", code)
	}
}

func TestHealthcheckSaysInOneLineWhyItFails(t *testing.T) {
	other := httptest.NewServer(http.NotFoundHandler())
	defer other.Close()
	for _, c := range []struct {
		code               int
		message, arguments string
	}{
		{1, "not healthy: dial tcp 127.0.0.1:1: ", "--address 127.0.0.1:1"},
		{1, "answers 404 Not Found, and not as a gateway: ", "--address " + other.Listener.Addr().String()},
		{2, "flag provided but not defined: -x", "--x"},
	} {
		code, output := healthcheck(t, strings.Fields(c.arguments)...)
		if code != c.code || !strings.Contains(output, c.message) || strings.Count(output, "\n") != 1 {
			t.Errorf("%s: got exit code %d and %q, want %d and %q", c.arguments, code, output, c.code, c.message)
		}
	}
}
