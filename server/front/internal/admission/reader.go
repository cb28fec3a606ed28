package admission

import (
	"net"
	"time"
)

// reader hands on what the caller sends, but for the headers of refused calls and the message that comes at once. What
// else follows on their streams goes through: gRPC ignores streams that it does not know, and accounts for their bytes.
type reader struct {
	raw  net.Conn
	gate *gate
	out  *writer

	buffer  []byte // What has been read ahead.
	rest    []byte // Of it, what has not been looked at.
	through int    // Bytes that go on as they are.
	made    []byte // Frames with headers, to go on before anything else.
	shed    bool   // Whether calls have been refused since the last reading.
	refused uint32 // The stream of the last of them.
	skip    int    // Bytes that nobody gets.
	freed   int    // Of skipped payloads, what the caller has not been told of.
}

func (r *reader) read(into []byte) (int, error) {
	for {
		switch {
		case len(r.made) > 0:
			count := copy(into, r.made)
			r.made = r.made[count:]
			return count, nil
		case r.skip > 0:
			if err := r.need(1); err != nil {
				return 0, err
			}
			count := min(len(r.rest), r.skip)
			r.rest, r.skip = r.rest[count:], r.skip-count
			continue
		case r.through > 0:
			if err := r.need(1); err != nil {
				return 0, err
			}
			count := copy(into, r.rest[:min(len(r.rest), r.through)])
			r.rest, r.through = r.rest[count:], r.through-count
			return count, nil
		}
		if err := r.frame(); err != nil {
			return 0, err
		}
	}
}

// frame looks at the next one.
func (r *reader) frame() error {
	if err := r.need(headSize); err != nil {
		return err
	}
	head := readHead(r.rest)
	if r.gate.open != (head.kind == continuation) || r.gate.open && head.stream != r.gate.stream {
		return errHeaders
	}
	if head.kind == data && head.stream == r.refused && r.refused > 0 {
		r.skip = headSize + head.length
		if r.freed += head.length; r.freed >= mostFrame {
			r.out.free(r.freed)
			r.freed = 0
		}
		return nil
	}
	if head.kind != headers && head.kind != continuation {
		r.through = headSize + head.length
		return nil
	}
	if head.length > mostFrame {
		return errHeaders
	}
	if err := r.need(headSize + head.length); err != nil {
		return err
	}
	part := r.rest[headSize : headSize+head.length]
	r.rest = r.rest[headSize+head.length:]
	if head.kind == headers {
		var err error
		if part, err = fragment(head, part); err != nil {
			return err
		}
		r.gate.begin(head.stream, head.has(endStream))
	}
	if err := r.gate.add(part); err != nil || !head.has(endHeaders) {
		return err
	}
	return r.decide()
}

func (r *reader) decide() error {
	passed, refused, err := r.gate.decide()
	switch {
	case err != nil:
		return err
	case refused != nil:
		r.shed, r.refused = true, r.gate.stream
		r.out.refuse(r.gate.stream, refused, r.gate.ended)
	default:
		flags := byte(0)
		if r.gate.ended {
			flags = endStream
		}
		r.made = appendBlock(r.made[:0], r.gate.stream, passed, flags)
	}
	return nil
}

// fragment is a HEADERS frame's part of the block.
func fragment(head head, payload []byte) ([]byte, error) {
	before, after := 0, 0
	if head.has(padded) && len(payload) > 0 {
		before, after = 1, int(payload[0])
	}
	if head.has(priority) {
		before += 5
	}
	if before+after > len(payload) {
		return nil, errHeaders
	}
	return payload[before : len(payload)-after], nil
}

// need waits until so many bytes, at most a frame's, have been read ahead.
func (r *reader) need(count int) error {
	for len(r.rest) < count {
		if r.buffer == nil {
			r.buffer = make([]byte, readAhead)
		}
		have := copy(r.buffer, r.rest)
		if r.shed {
			r.shed = false
			if err := r.out.flush(); err != nil {
				return err
			}
			time.Sleep(pace)
		}
		read, err := r.raw.Read(r.buffer[have:])
		r.rest = r.buffer[:have+read]
		if err != nil && len(r.rest) < count {
			return err
		}
	}
	return nil
}
