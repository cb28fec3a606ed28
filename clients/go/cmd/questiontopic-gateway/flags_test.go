package main

import (
	"bytes"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/question-topic/question-topic/clients/go/internal/topictest"
)

func TestWrongUsageExitsWithTwo(t *testing.T) {
	for _, c := range []struct {
		message     string
		environment string
		arguments   []string
	}{
		{"flag provided but not defined: -x", "", []string{"--x"}},
		{`"a": every argument must be a flag`, "", []string{"a"}},
		{"must be a whole number from 1 to 1073741824", "", []string{"--max-body", "0"}},
		{"must be a positive decimal number", "", []string{"--timeout", "0"}},
		{"must be SCHEME://HOST", "", []string{"--allow-origin", "https://a.test/page"}},
		{"must be SCHEME://HOST", "", []string{"--allow-origin", "a.test"}},
		{"must be names of headers", "", []string{"--forward", "a b"}},
		{"must be yes or no", "", []string{"--traces", "on"}},
		{"--traces: ", "OTEL_RESOURCE_ATTRIBUTES=wrong", []string{"--traces", "yes"}},
		{"must be names of headers", "", []string{"--forward", "x,grpc-timeout"}},
		{"--tls-certificate and --tls-key: give both or neither", "", []string{"--tls-key", "x"}},
		{"--tls-certificate, --tls-key: open missing.pem", "", []string{"--tls-key", "missing.pem", "--tls-certificate", "missing.pem"}},
		{"--backend-ca, --backend-cert, --backend-key and --backend-server-name need --backend-tls", "", []string{"--backend-ca", "x"}},
		{"--backend-plaintext and --backend-tls: choose one", "", []string{"--backend-tls", "--backend-plaintext"}},
		{"--backend-token-file: cannot read missing: no such file or directory", "", []string{"--backend-token-file", "missing"}},
		{"--backend-token-file: flags_test.go: must be one token: printable ASCII without blanks",
			"QUESTIONTOPIC_GATEWAY_BACKEND_TOKEN_FILE=flags_test.go", nil},
		{"--backend-token-file and --forward authorization: choose one", "",
			[]string{"--backend-token-file", "x", "--forward", "Authorization"}},
		{"dns:///topics.test:1 is not this machine: choose --backend-tls or --backend-plaintext", "",
			[]string{"--backend", "dns:///topics.test:1"}},
		{"--backend: ", "", []string{"--backend", "localhost:grpc"}},
		{"--backend: ", "", []string{"--backend", "a=localhost:1,b=localhost:grpc"}},
		{"b.test:1 is not this machine: choose --backend-tls or --backend-plaintext", "",
			[]string{"--backend", "a=localhost:1,b=b.test:1"}},
		{"--backend: with several, each needs the name of its model: MODEL=localhost:2", "",
			[]string{"--backend", "a=localhost:1", "--backend", "localhost:2"}},
		{"--backend: with several, each needs the name of its model: MODEL=A=localhost:2", "",
			[]string{"--backend", "a=localhost:1,A=localhost:2"}},
		{"--backend: the model a is there twice", "", []string{"--backend", "a=localhost:1,a=localhost:2"}},
		{"--backend: must be HOST:PORT or MODEL=HOST:PORT, not empty", "QUESTIONTOPIC_GATEWAY_BACKEND=a=localhost:1,", nil},
		{"QUESTIONTOPIC_GATEWAY_IN_FLIGHT: must be a whole number from 1 to 1024", "QUESTIONTOPIC_GATEWAY_IN_FLIGHT=2000", nil},
	} {
		command := topictest.Command(t, c.arguments...)
		command.Env = append(command.Env, c.environment)
		var stderr bytes.Buffer
		command.Stderr = &stderr
		_ = command.Run() // The exit code is in the state.
		if got := command.ProcessState.ExitCode(); got != exitUsage || !strings.Contains(stderr.String(), c.message) ||
			strings.Count(stderr.String(), "\n") != 1 {
			t.Errorf("%q: got exit code %d and %q, want 2 and %q", c.arguments, got, stderr.String(), c.message)
		}
	}
}

func TestEachFlagIsInTheUsageText(t *testing.T) {
	flags := newFlagSet(&options{})
	flags.VisitAll(func(f *flag.Flag) {
		if !strings.Contains(usage, "--"+f.Name+" ") && !strings.Contains(usage, "--"+f.Name+"\n") {
			t.Errorf("--%s is missing", f.Name)
		}
	})
}

func TestEachFlagIsInItsDocument(t *testing.T) {
	document, err := os.ReadFile("../../../../docs/gateway.md")
	if err != nil {
		t.Fatal(err)
	}
	newFlagSet(&options{}).VisitAll(func(f *flag.Flag) {
		if f.Name != "version" && !strings.Contains(string(document), "`--"+f.Name+"`") {
			t.Errorf("--%s is missing", f.Name)
		}
	})
}
