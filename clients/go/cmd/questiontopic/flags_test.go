package main

import (
	"crypto/tls"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	"github.com/question-topic/question-topic/clients/go/internal/topictest"
	"github.com/question-topic/question-topic/clients/go/questiontopictest"
)

func TestWrongUsageExitsWithTwo(t *testing.T) {
	noPEM := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(noPEM, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		message   string
		arguments []string
	}{
		{"flag provided but not defined: -x", []string{"--x"}},
		{"flag needs an argument: -model", []string{"--model"}},
		{"must be coarse, fine or both", []string{"--label-level", "medium", "a"}},
		{"must be table or jsonl", []string{"--output", "json", "a"}},
		{"must be a positive decimal number", []string{"--timeout", "0", "a"}},
		{"must be a positive decimal number", []string{"--timeout", "-1", "a"}},
		{"must be a positive decimal number", []string{"--timeout", "0.0000000001", "a"}},
		{"must be a positive decimal number", []string{"--timeout", "NaN", "a"}},
		{"must be a positive decimal number", []string{"--timeout", "1e3", "a"}},
		{"must be a positive decimal number", []string{"--timeout", ".", "a"}},
		{"must be a positive decimal number", []string{"--timeout", "2147483648", "a"}},
		{"must be a decimal number, at most 1", []string{"--none-from", "1.1", "a"}},
		{"must be a decimal number, at most 1", []string{"--none-from", "-0.1", "a"}},
		{"must be a decimal number, at most 1", []string{"--none-from", "NaN", "a"}},
		{"must be a decimal number, at most 1", []string{"--none-from", "1e-1", "a"}},
		{"must be a decimal number, at most 1", []string{"--none-from", "", "a"}},
		{"must be a whole number from 1 to 512", []string{"--texts-per-call", "0"}},
		{"must be a whole number from 1 to 512", []string{"--texts-per-call", "513"}},
		{"must be a whole number from 1 to 1024", []string{"--in-flight", "0"}},
		{"must be a whole number from 1 to 1024", []string{"--in-flight", "1025"}},
		{"--address: must be HOST:PORT", []string{"--address", "localhost", "a"}},
		{"--address: must be HOST:PORT", []string{"--address", ":50051", "a"}},
		{"--address: must be HOST:PORT", []string{"--address", "localhost:1/path", "a"}},
		{"--address: must be HOST:PORT, not \"ftp://localhost:1\"", []string{"--address", "ftp://localhost:1", "a"}},
		{"--address: must be HOST:PORT without http://, not \"http://127.0.0.1:1\"",
			[]string{"--address", "http://127.0.0.1:1", "a"}},
		{"--address: must be HOST:PORT without https://, not \"HTTPS://topics.test\"",
			[]string{"--address", "HTTPS://topics.test", "--tls", "a"}},
		{"--address: the port must be from 1 to 65535, not grpc", []string{"--address", "localhost:grpc", "a"}},
		{"--address: the port must be from 1 to 65535, not 65536", []string{"--address", "localhost:65536", "a"}},
		{"--address: the port must be from 1 to 65535, not 0", []string{"--address", "[::1]:0", "a"}},
		{"must be stop or skip", []string{"--on-error", "continue", "a"}},
		{"--plaintext and --tls: choose one", []string{"--plaintext", "--tls", "a"}},
		{"--cert and --key: give both or neither", []string{"--tls", "--cert", "x", "a"}},
		{"--cert and --key: give both or neither", []string{"--tls", "--key", "x", "a"}},
		{"need --tls", []string{"--ca", "x", "a"}},
		{"need --tls", []string{"--plaintext", "--server-name", "x", "a"}},
		{"--ca: open missing.pem: no such file", []string{"--tls", "--ca", "missing.pem", "a"}},
		{"holds no PEM certificate", []string{"--tls", "--ca", noPEM, "a"}},
		{"--cert, --key: open missing.pem", []string{"--tls", "--cert", "missing.pem", "--key", noPEM, "a"}},
		{"topics.test:443 is not this machine: choose --tls or --plaintext",
			[]string{"--address", "topics.test:443", "a"}},
		{"is not this machine", []string{"--address", "128.0.0.1:443", "a"}},
		{"text 2: not valid UTF-8", []string{"a", "\xff"}},
		{"--model: not valid UTF-8", []string{"--model", "\xff", "a"}},
	} {
		got := execute("", "", c.arguments...)
		if got.exitCode != 2 || got.stdout != "" || strings.Count(got.stderr, "\n") != 1 ||
			!strings.HasPrefix(got.stderr, "questiontopic: ") || !strings.Contains(got.stderr, c.message) {
			t.Errorf("%q: got %+v, want exit code 2 and %q", c.arguments, got, c.message)
		}
	}
}

func TestPlaintextIsTheDefaultOnlyForLoopback(t *testing.T) {
	for address, want := range map[string]bool{
		"localhost:1": true, "LocalHost:1": true, "127.0.0.1:1": true, "127.255.0.9:1": true, "[::1]:1": true,
		"localhost.example.com:1": false, "126.0.0.1:1": false, "[::2]:1": false, "0.0.0.0:1": false,
	} {
		for _, plaintext := range []string{"--plaintext=false", "--plaintext"} {
			chosen, err := parseFlags([]string{plaintext, "--address", address}, func(string) string { return "" })
			if err != nil {
				t.Fatal(err)
			}
			if _, err := chosen.transport.Choose(address); (err == nil) != (want || plaintext == "--plaintext") {
				t.Errorf("%s %s: got %v", address, plaintext, err)
			}
		}
	}
}

func TestTheAddressComesFromFlagEnvironmentOrDefault(t *testing.T) {
	for _, c := range []struct {
		environment string
		arguments   []string
		want        string
	}{
		{"", nil, "localhost:50051"},
		{"a:1", nil, "a:1"},
		{"a:1", []string{"-address", "b:2"}, "b:2"},
		{"broken", []string{"--address=b:2"}, "b:2"},
	} {
		chosen, err := parseFlags(c.arguments, func(name string) string {
			return map[string]string{"QUESTIONTOPIC_ADDRESS": c.environment}[name]
		})
		if err != nil || chosen.address != c.want {
			t.Errorf("%+v: got %s, %v", c, chosen.address, err)
		}
	}
}

func TestHelpIsCompleteAndGoesToStandardOutput(t *testing.T) {
	for _, arguments := range [][]string{{"--help"}, {"-h"}, {"--tls", "-help", "text"}} {
		execute("", "", arguments...).check(t, result{0, usage, ""})
	}
	described := map[string]bool{"help": true}
	newFlagSet(&options{}).VisitAll(func(f *flag.Flag) { described[f.Name] = true })
	for _, match := range regexp.MustCompile(`(?:^|[\s])--([a-z-]+)`).FindAllStringSubmatch(usage, -1) {
		if !described[match[1]] {
			t.Errorf("--%s is in the usage but is not a flag", match[1])
		}
	}
	for name := range described {
		if !regexp.MustCompile(`(?m)^  .*--` + name + `\b`).MatchString(usage) {
			t.Errorf("--%s is not in the usage", name)
		}
	}
}

func TestTheCommandUsesTLS(t *testing.T) {
	authority := topictest.NewAuthority(t)
	address := topictest.Serve(t, &questiontopictest.Service{Predict: topictest.Answer},
		grpc.Creds(credentials.NewTLS(&tls.Config{
			Certificates: []tls.Certificate{authority.Issue(t, "topics.test")},
			ClientCAs:    authority.Pool(),
			ClientAuth:   tls.RequireAndVerifyClientCert,
		})))
	certificate, key := topictest.WriteCertificate(t, authority.Issue(t, "client"))
	authorityFile, strangerFile := authority.WriteAuthority(t), topictest.NewAuthority(t).WriteAuthority(t)
	mutual := []string{"--tls", "--cert", certificate, "--key", key, "--timeout", "5"}
	for _, c := range []struct {
		name      string
		arguments []string
		exitCode  int
	}{
		{"mutual", append(mutual, "--ca", authorityFile), 0},
		{"server name", append(mutual, "--ca", authorityFile, "--server-name", "topics.test"), 0},
		{"wrong server name", append(mutual, "--ca", authorityFile, "--server-name", "other.test"), 1},
		{"wrong authority", append(mutual, "--ca", strangerFile), 1},
		{"system roots", mutual, 1},
		{"no client certificate", []string{"--tls", "--ca", authorityFile}, 1},
		{"plaintext", []string{"--plaintext"}, 1},
	} {
		got := execute(address, "", append(c.arguments, "Who?")...)
		if got.exitCode != c.exitCode || (c.exitCode == 1) != strings.HasPrefix(got.stderr, "questiontopic: UNAVAILABLE: ") {
			t.Errorf("%s: got %+v, want exit code %d", c.name, got, c.exitCode)
		}
	}
}
