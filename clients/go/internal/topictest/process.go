package topictest

import (
	"bytes"
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

// Process is a question-topic server as a process of its own.
type Process struct {
	Address   string // HOST:PORT.
	Transport string // As in its log: plaintext, TLS or mutual TLS.

	command *exec.Cmd
	log     *processLog
	ended   chan struct{}
	stopped bool
}

// StartProcess starts a question-topic server with the command in QUESTIONTOPIC_SERVER_COMMAND and further arguments, and
// waits until it is ready. At the end of the test it is stopped. Without the variable the test is skipped.
func StartProcess(t *testing.T, arguments ...string) *Process {
	t.Helper()
	command := os.Getenv(commandVariable)
	if command == "" {
		t.Skipf("needs a real server: set %s to the shell command that starts one, "+
			"for example `/path/to/python -m questiontopic_server --bundle /path/to/bundle`", commandVariable)
	}
	// A shell splits the command, because its paths may have blanks.
	words := append([]string{"-c", "exec " + command + ` "$@"`, "sh", "--host", "127.0.0.1", "--port", "0"}, arguments...)
	p := &Process{
		command: exec.Command("sh", words...),
		log:     &processLog{serving: make(chan []string, 1)},
		ended:   make(chan struct{}),
	}
	p.command.Stderr = p.log
	if err := p.command.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.ended)
		_ = p.command.Wait() // Stop reads the exit code.
	}()
	t.Cleanup(func() {
		if !p.stopped {
			p.Stop(t)
		}
	})
	select {
	case match := <-p.log.serving:
		p.Address, p.Transport = match[1], match[2]
	case <-p.ended:
		t.Fatalf("the server ended before it was ready; its log:\n%s", p.log)
	case <-time.After(startTimeout):
		t.Fatalf("the server is not ready after %v; its log:\n%s", startTimeout, p.log)
	}
	return p
}

// Stop stops the server with SIGTERM, which must end it with exit code 0.
func (p *Process) Stop(t *testing.T) {
	t.Helper()
	p.stopped = true
	_ = p.command.Process.Signal(syscall.SIGTERM) // It fails if the process has ended.
	select {
	case <-p.ended:
	case <-time.After(drainTimeout):
		t.Errorf("the server does not end after %v", drainTimeout)
		p.Kill()
	}
	if code := p.command.ProcessState.ExitCode(); code != 0 {
		t.Errorf("the server ended with exit code %d, want 0; its log:\n%s", code, p.log)
	}
}

// Kill ends the server with SIGKILL.
func (p *Process) Kill() {
	p.stopped = true
	_ = p.command.Process.Kill() // It fails if the process has ended.
	<-p.ended
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
