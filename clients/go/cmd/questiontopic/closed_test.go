package main

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/question-topic/question-topic/clients/go/internal/topictest"
)

// inShell runs a shell script in which "$@" is the command.
func inShell(t *testing.T, address, script string) result {
	t.Helper()
	command := topictest.Command(t)
	shell := exec.Command("sh", "-c", script, "sh", command.Path)
	shell.Env = append(command.Env, "QUESTIONTOPIC_ADDRESS="+address)
	var stdout, stderr strings.Builder
	shell.Stdout, shell.Stderr = &stdout, &stderr
	if err := shell.Run(); err != nil && shell.ProcessState == nil {
		t.Fatal(err)
	}
	return result{shell.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

func TestTheRunEndsQuietlyWhenTheReaderOfItsOutputGoes(t *testing.T) {
	address := serve(t, topictest.Answer)
	for reader, want := range map[string]string{
		"head -n 1":             "TOPIC         CONFIDENCE  TEXT\n",
		"head -n 2 | tail -n 1": "HUM             0.750000  Who?\n",
		"true":                  "",
	} {
		// The input has no end, so only the reader can end the run.
		script := `{ yes 'Who?' | "$@" --texts-per-call 1; echo "code $?" >&2; } | ` + reader
		inShell(t, address, script).check(t, result{0, want, "code 141\n"})
	}
}

func TestAFullOutputIsOneLineAndCodeOne(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("this system has no /dev/full")
	}
	address := serve(t, topictest.Answer)
	for _, command := range []string{
		`"$@" 'Who?'`, `"$@" --output jsonl 'Who?'`, `yes | "$@" --on-error skip`, `"$@" --help`, `"$@" --version`,
	} {
		got := inShell(t, address, command+" > /dev/full")
		if got.exitCode != 1 || strings.Count(got.stderr, "\n") != 1 ||
			!strings.HasSuffix(got.stderr, "no space left on device\n") {
			t.Errorf("%s: got %+v", command, got)
		}
	}
}
