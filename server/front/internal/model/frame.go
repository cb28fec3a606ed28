package model

import (
	"encoding/binary"
	"io"
)

// The kinds of frames, a length and so many bytes behind each: see the worker's frames.py.
const (
	texts   = 'T' // To the worker: a batch, as JSON.
	loaded  = 'L' // Once, when it is ready: Loaded as JSON.
	refused = 'X' // Instead: why the bundle cannot be served, in one line.
	rows    = 'R' // For each batch: its answers.
	failed  = 'F' // Instead: the traceback is in the worker's log.
)

const headBytes = 5

func writeFrame(w io.Writer, kind byte, content []byte) error {
	frame := make([]byte, headBytes, headBytes+len(content))
	frame[0] = kind
	binary.BigEndian.PutUint32(frame[1:], uint32(len(content)))
	_, err := w.Write(append(frame, content...))
	return err
}

func readFrame(r io.Reader) (byte, []byte, error) {
	var head [headBytes]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, nil, err
	}
	content := make([]byte, binary.BigEndian.Uint32(head[1:]))
	_, err := io.ReadFull(r, content)
	return head[0], content, err
}
