package main

import (
	"bytes"
	"encoding/base64"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/http2"
	"google.golang.org/grpc/codes"
)

// noStatus is the outcome of a call that ends without trailers.
const noStatus = "no status"

// read ends calls as their trailers come, until the connection ends.
func (c *bareConnection) read() {
	for {
		frame, err := c.framer.ReadFrame()
		if err != nil {
			break
		}
		switch frame := frame.(type) {
		case *http2.MetaHeadersFrame:
			if frame.StreamEnded() {
				how, hint := ending(frame)
				c.end(frame.StreamID, how, hint)
			}
		case *http2.DataFrame:
			if frame.StreamEnded() {
				c.end(frame.StreamID, noStatus, false)
			}
		case *http2.RSTStreamFrame:
			c.end(frame.StreamID, frame.ErrCode.String(), false)
		case *http2.WindowUpdateFrame:
			if frame.StreamID == 0 {
				c.mutex.Lock()
				c.window += int64(frame.Increment)
				c.mutex.Unlock()
			}
		case *http2.SettingsFrame, *http2.PingFrame, *http2.GoAwayFrame:
			c.reply(frame)
		}
	}
	c.mutex.Lock()
	c.broken = true
	open := slices.Collect(maps.Keys(c.open))
	c.mutex.Unlock()
	for _, stream := range open {
		c.end(stream, "connection", false)
	}
}

func (c *bareConnection) reply(frame http2.Frame) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	switch frame := frame.(type) {
	case *http2.SettingsFrame:
		if frame.IsAck() {
			return
		}
		if most, given := frame.Value(http2.SettingMaxConcurrentStreams); given {
			c.most = most
		}
		if size, given := frame.Value(http2.SettingHeaderTableSize); given {
			c.encoder.SetMaxDynamicTableSizeLimit(size)
		}
		_ = c.framer.WriteSettingsAck()
	case *http2.GoAwayFrame:
		c.broken = true // For new calls.
	case *http2.PingFrame:
		if frame.IsAck() {
			return
		}
		_ = c.framer.WritePing(true, frame.Data)
	}
	_ = c.buffer.Flush()
}

// end counts a call; a late answer is one that a client would not have waited for.
func (c *bareConnection) end(stream uint32, how string, hint bool) {
	now := time.Now()
	c.mutex.Lock()
	call, known := c.open[stream]
	delete(c.open, stream)
	c.mutex.Unlock()
	if !known {
		return
	}
	if now.After(call.due.Add(c.load.timeout)) {
		how, hint = codes.DeadlineExceeded.String(), false
	}
	c.load.add(result{how, call.questions, call.due, now, hint})
}

// ending reads a call's trailers: its status, and whether it says when to come back.
func ending(frame *http2.MetaHeadersFrame) (string, bool) {
	how, hint := noStatus, false
	for _, field := range frame.Fields {
		switch field.Name {
		case "grpc-status":
			if code, err := strconv.Atoi(field.Value); err == nil {
				how = codes.Code(code).String()
			}
		case "grpc-status-details-bin":
			details, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(field.Value, "="))
			hint = err == nil && bytes.Contains(details, []byte("google.rpc.RetryInfo"))
		}
	}
	return how, hint
}
