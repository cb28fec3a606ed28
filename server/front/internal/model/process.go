// Package model is the front's end of the model's process: it starts it, hands it batches, and tells when it has ended.
// The process is a Python worker: see worker.py.
package model

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"time"

	"github.com/question-topic/question-topic/server/front/internal/batcher"
)

const (
	loadTime = 10 * time.Minute
	// For a batch, and for each of its texts, which take milliseconds: past them the process hangs.
	batchTime, textTime = 2 * time.Minute, time.Second
	firstDescriptor     = 3 // Of a child's extra files: the first behind standard error.
)

var (
	errFailed   = errors.New("the model failed on a batch; its own log has the traceback")
	errUnloaded = errors.New("the model's process ended, or took too long, while it loaded; see its messages above")
	errGone     = fmt.Errorf("%w: the model's process is gone", batcher.ErrEnded)
)

// ErrHung is Predict's if the process did not answer for minutes; it has been killed.
var ErrHung = fmt.Errorf("%w: the model's process hangs", batcher.ErrEnded)

// Process holds the model, and computes as many batches side by side as it has lanes. Load comes first.
type Process struct {
	command      *exec.Cmd
	lanes        []net.Conn
	coarse, fine int
	ended        chan struct{}
}

// Start starts a worker, which loads at once; its last arguments are options and the numbers of the lanes' sockets.
func Start(worker []string, options string, lanes int) (*Process, error) {
	process := &Process{ended: make(chan struct{})}
	process.command = exec.Command(worker[0], append(worker[1:], options)...)
	process.command.Stderr = os.Stderr
	for lane := range lanes {
		ours, theirs, err := socketPair()
		if err != nil {
			return nil, err
		}
		defer func() { _ = theirs.Close() }()
		process.lanes = append(process.lanes, ours)
		process.command.ExtraFiles = append(process.command.ExtraFiles, theirs)
		process.command.Args = append(process.command.Args, strconv.Itoa(firstDescriptor+lane))
	}
	if err := process.command.Start(); err != nil {
		return nil, err
	}
	go func() {
		_ = process.command.Wait() // ExitCode tells.
		close(process.ended)
	}()
	return process, nil
}

// Load waits until the model is ready; its error is one line for people if it cannot be served.
func (p *Process) Load() (Loaded, error) {
	var answer Loaded
	if err := p.lanes[0].SetDeadline(time.Now().Add(loadTime)); err != nil {
		return answer, err
	}
	kind, content, err := readFrame(p.lanes[0])
	switch {
	case err == nil && kind == refused:
		return answer, errors.New(string(content))
	case err != nil || kind != loaded:
		return answer, errUnloaded
	}
	err = json.Unmarshal(content, &answer)
	p.coarse, p.fine = len(answer.Manifest.CoarseLabels), len(answer.Manifest.FineLabels)
	return answer, err
}

// Predict returns the answers of one batch, in order; a lane computes one at a time.
//
// It fails with batcher.ErrEnded if the process has ended, or with ErrHung, which is one too.
func (p *Process) Predict(lane int, batch []string) ([]Answer, error) {
	content, err := json.Marshal(batch)
	if err != nil {
		return nil, err
	}
	kind, content, err := exchange(p.lanes[lane], content, batchTime+time.Duration(len(batch))*textTime)
	switch {
	case err != nil:
		p.Kill()
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return nil, ErrHung
		}
		return nil, errGone
	case kind != rows:
		return nil, errFailed
	}
	return unpack(content, len(batch), p.coarse, p.fine)
}

// Ended is closed when the process has ended.
func (p *Process) Ended() <-chan struct{} {
	return p.ended
}

// ExitCode is the process's once it has ended: minus the signal's number if one ended it.
func (p *Process) ExitCode() int {
	status := p.command.ProcessState.Sys().(syscall.WaitStatus)
	if status.Signaled() {
		return -int(status.Signal())
	}
	return status.ExitStatus()
}

// Kill ends it at once, whatever it does.
func (p *Process) Kill() {
	_ = p.command.Process.Kill() // It may have ended.
}

// exchange sends a batch and waits for what comes back.
func exchange(lane net.Conn, batch []byte, within time.Duration) (byte, []byte, error) {
	if err := lane.SetDeadline(time.Now().Add(within)); err != nil {
		return 0, nil, err
	}
	if err := writeFrame(lane, texts, batch); err != nil {
		return 0, nil, err
	}
	return readFrame(lane)
}

func socketPair() (net.Conn, *os.File, error) {
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, err
	}
	ours, theirs := os.NewFile(uintptr(pair[0]), "model"), os.NewFile(uintptr(pair[1]), "model")
	defer func() { _ = ours.Close() }()
	connection, err := net.FileConn(ours) // A copy.
	if err != nil {
		_ = theirs.Close()
		return nil, nil, err
	}
	return connection, theirs, nil
}
