package questiontopic_test

import (
	"crypto/tls"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/status"

	"github.com/question-topic/question-topic/clients/go/internal/topictest"
	"github.com/question-topic/question-topic/clients/go/questiontopic"
	"github.com/question-topic/question-topic/clients/go/questiontopictest"
)

// checkTransports calls a server, whose certificate is by authority, with transports that must work and transports that
// must not. mutual reports whether the server requires a client certificate.
func checkTransports(t *testing.T, address string, authority *topictest.Authority, mutual bool) {
	t.Helper()
	stranger := topictest.NewAuthority(t)
	own := []tls.Certificate{authority.Issue(t, "client")}
	others := []tls.Certificate{stranger.Issue(t, "client")}
	trusted := authority.Pool()
	for _, c := range []struct {
		name      string
		transport questiontopic.Transport
		works     bool
		message   string
	}{
		{"own certificate", questiontopic.TLS(&tls.Config{RootCAs: trusted, Certificates: own}), true, ""},
		{"no certificate", questiontopic.TLS(&tls.Config{RootCAs: trusted}), !mutual, ""},
		{"a stranger's certificate",
			questiontopic.TLS(&tls.Config{RootCAs: trusted, Certificates: others}), !mutual, ""},
		{"name in the certificate", questiontopic.TLS(
			&tls.Config{RootCAs: trusted, Certificates: own, ServerName: "topics.test"}), true, ""},
		{"name not in the certificate", questiontopic.TLS(
			&tls.Config{RootCAs: trusted, Certificates: own, ServerName: "other.test"}), false, "not other.test"},
		{"wrong authority", questiontopic.TLS(
			&tls.Config{RootCAs: stranger.Pool(), Certificates: own}), false, "unknown authority"},
		{"system roots", questiontopic.TLS(nil), false, "x509"},
		{"plaintext", questiontopic.Plaintext(), false, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			client := newClientOver(t, address, c.transport)
			predictions, err := client.Predict(t.Context(), coarse, "What is your salary?")
			switch {
			case c.works && err != nil:
				t.Error(err)
			case c.works && len(predictions) != 1:
				t.Errorf("got %d predictions, want 1", len(predictions))
			case !c.works && (status.Code(err) != codes.Unavailable || !strings.Contains(err.Error(), c.message)):
				t.Errorf("got %v, want UNAVAILABLE with %q", err, c.message)
			}
		})
	}
}

func TestTLSVerifiesTheServer(t *testing.T) {
	authority := topictest.NewAuthority(t)
	address := topictest.Serve(t, &questiontopictest.Service{Predict: topictest.Answer},
		grpc.Creds(credentials.NewTLS(&tls.Config{
			Certificates: []tls.Certificate{authority.Issue(t, "topics.test")},
		})))
	checkTransports(t, address, authority, false)
}

func TestMutualTLSVerifiesBothSides(t *testing.T) {
	authority := topictest.NewAuthority(t)
	address := topictest.Serve(t, &questiontopictest.Service{Predict: topictest.Answer},
		grpc.Creds(credentials.NewTLS(&tls.Config{
			Certificates: []tls.Certificate{authority.Issue(t, "topics.test")},
			ClientCAs:    authority.Pool(),
			ClientAuth:   tls.RequireAndVerifyClientCert,
		})))
	checkTransports(t, address, authority, true)
}

func TestTLSWithTheRealServer(t *testing.T) {
	authority := topictest.NewAuthority(t)
	certificate, key := topictest.WriteCertificate(t, authority.Issue(t, "topics.test"))
	server := topictest.StartProcess(t, "--tls-certificate", certificate, "--tls-key", key)
	if server.Transport != "TLS" {
		t.Errorf("the server says %q, want TLS", server.Transport)
	}
	checkTransports(t, server.Address, authority, false)
}

func TestMutualTLSWithTheRealServer(t *testing.T) {
	authority := topictest.NewAuthority(t)
	certificate, key := topictest.WriteCertificate(t, authority.Issue(t, "topics.test"))
	server := topictest.StartProcess(t,
		"--tls-certificate", certificate, "--tls-key", key, "--tls-client-ca", authority.WriteAuthority(t))
	if server.Transport != "mutual TLS" {
		t.Errorf("the server says %q, want mutual TLS", server.Transport)
	}
	checkTransports(t, server.Address, authority, true)
}

func TestTheErrorOfTheWrongTransportNamesTheCause(t *testing.T) {
	authority := topictest.NewAuthority(t)
	certificate := authority.Issue(t, "topics.test")
	encrypted := topictest.Serve(t, &questiontopictest.Service{Predict: topictest.Answer},
		grpc.Creds(credentials.NewServerTLSFromCert(&certificate)))
	plain := topictest.Serve(t, &questiontopictest.Service{Predict: topictest.Answer})
	for _, c := range []struct {
		address   string
		transport questiontopic.Transport
		hint      string
	}{
		{encrypted, questiontopic.Plaintext(), "(the server may speak TLS: use TLS instead of Plaintext)"},
		{plain, questiontopic.TLS(nil), "(the server may not speak TLS: use Plaintext instead of TLS)"},
		{"127.0.0.1:1", questiontopic.Plaintext(), "connection refused"},
		{encrypted, questiontopic.TLS(nil), "unknown authority"},
	} {
		_, err := newClientOver(t, c.address, c.transport).Predict(t.Context(), coarse, "Who?")
		hinted := strings.Contains(err.Error(), "(the server may")
		if status.Code(err) != codes.Unavailable || !strings.Contains(err.Error(), c.hint) ||
			hinted != strings.HasPrefix(c.hint, "(") {
			t.Errorf("got %v, want %s", err, c.hint)
		}
	}
}
