package topictest

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// commandVariable is the environment variable that holds the command to start a question-topic server.
const commandVariable = "QUESTIONTOPIC_SERVER_COMMAND"

const (
	startTimeout = 2 * time.Minute
	drainTimeout = time.Minute
)

var servingLine = regexp.MustCompile(`(?m)^.*serving \S+ \S+ on (\S+:\d+) \((plaintext|TLS|mutual TLS)\)\s*$`)

// StartProcess starts a question-topic server with the command in QUESTIONTOPIC_SERVER_COMMAND and further arguments.
// It waits until the server is ready, and returns its address and its transport as in its log. At the end of the test
// the server must stop with exit code 0. Without the variable the test is skipped.
func StartProcess(t *testing.T, arguments ...string) (address, transport string) {
	t.Helper()
	command := os.Getenv(commandVariable)
	if command == "" {
		t.Skipf("needs a real server: set %s to the shell command that starts one, "+
			"for example `/path/to/python -m questiontopic_server --bundle /path/to/bundle`", commandVariable)
	}
	// A shell splits the command, because its paths may have blanks.
	words := append([]string{"-c", "exec " + command + ` "$@"`, "sh", "--host", "127.0.0.1", "--port", "0"}, arguments...)

	ctx, end := context.WithCancel(context.Background())
	process := exec.CommandContext(ctx, "sh", words...)
	process.Cancel = func() error { return process.Process.Signal(syscall.SIGTERM) }
	process.WaitDelay = drainTimeout
	log := &processLog{serving: make(chan []string, 1)}
	process.Stderr = log
	if err := process.Start(); err != nil {
		end()
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = process.Wait() // The cleanup below reads the exit code.
	}()
	t.Cleanup(func() {
		end()
		<-ended
		if code := process.ProcessState.ExitCode(); code != 0 {
			t.Errorf("the server ended with exit code %d, want 0; its log:\n%s", code, log)
		}
	})

	select {
	case match := <-log.serving:
		return match[1], match[2]
	case <-ended:
		t.Fatalf("the server ended before it was ready; its log:\n%s", log)
	case <-time.After(startTimeout):
		t.Fatalf("the server is not ready after %v; its log:\n%s", startTimeout, log)
	}
	return "", ""
}

// processLog records the log of a process, and sends the match of the line that says that the server is ready.
type processLog struct {
	mutex   sync.Mutex
	written bytes.Buffer
	serving chan []string
	matched bool
}

func (l *processLog) Write(p []byte) (int, error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.written.Write(p)
	if whole := l.written.String(); !l.matched && strings.Contains(string(p), "\n") {
		if match := servingLine.FindStringSubmatch(whole[:strings.LastIndexByte(whole, '\n')+1]); match != nil {
			l.matched = true
			l.serving <- match
		}
	}
	return len(p), nil
}

func (l *processLog) String() string {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.written.String()
}
