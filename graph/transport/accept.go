package transport

import (
	"mime"
	"strconv"
	"strings"
)

// form is a media type this edge answers in.
type form int

const (
	unacceptable form = iota
	plainJSON
	graphqlJSON
	eventStream
)

// mediaType is what the Accept header calls f.
func (f form) mediaType() string {
	switch f {
	case graphqlJSON:
		return "application/graphql-response+json"
	case eventStream:
		return "text/event-stream"
	default:
		return "application/json"
	}
}

// contentType is the Content-Type header of an answer in form f.
func (f form) contentType() string { return f.mediaType() + "; charset=utf-8" }

// accept is an Accept header: its media ranges in the order sent.
type accept []mediaRange

type mediaRange struct {
	mediaType string
	quality   float64
}

// parseAccept reads the values of the Accept header. No header means that anything will do (RFC 9110, section 12.5.1).
// Ranges that cannot be read, or that ask for a character set other than UTF-8, match nothing.
func parseAccept(values []string) accept {
	header := strings.Join(values, ",")
	if strings.TrimSpace(header) == "" {
		return accept{{"*/*", 1}}
	}
	var ranges accept
	for part := range strings.SplitSeq(header, ",") {
		mediaType, params, err := mime.ParseMediaType(part)
		if err != nil || !utf8Charset(params) {
			continue
		}
		quality := 1.0
		if q, given := params["q"]; given {
			if quality, err = strconv.ParseFloat(q, 64); err != nil {
				continue
			}
		}
		ranges = append(ranges, mediaRange{mediaType, quality})
	}
	return ranges
}

// choose picks the form of an answer. A subscription needs a stream. Anything else is one JSON document wherever the
// client takes one, however much it would like a stream: clients such as urql list every type they know with every
// request. Only a client that takes nothing but streams gets its single result as a stream.
func (a accept) choose(streaming bool) form {
	if streaming {
		return a.best(eventStream)
	}
	if f := a.best(plainJSON, graphqlJSON); f != unacceptable {
		return f
	}
	return a.best(eventStream)
}

// best returns the most wanted of the offered forms: by quality, then named before matched by a wildcard, then in the
// client's order, then in the order offered.
func (a accept) best(offered ...form) form {
	chosen := unacceptable
	var top match
	for _, f := range offered {
		if m := a.match(f.mediaType()); m.quality > 0 && (chosen == unacceptable || m.beats(top)) {
			chosen, top = f, m
		}
	}
	return chosen
}

// match is how an Accept header speaks of one media type.
type match struct {
	quality     float64
	specificity int
	position    int
}

func (m match) beats(other match) bool {
	switch {
	case m.quality != other.quality:
		return m.quality > other.quality
	case m.specificity != other.specificity:
		return m.specificity > other.specificity
	default:
		return m.position < other.position
	}
}

// match finds the most specific range for a media type: that one decides, even when it forbids what a wildcard allows.
func (a accept) match(mediaType string) match {
	var found match
	major, _, _ := strings.Cut(mediaType, "/")
	for i, r := range a {
		specificity := 0
		switch r.mediaType {
		case mediaType:
			specificity = 3
		case major + "/*":
			specificity = 2
		case "*/*":
			specificity = 1
		}
		if specificity > found.specificity {
			found = match{r.quality, specificity, i}
		}
	}
	return found
}

// utf8Charset reports whether media type parameters leave the character set open or name UTF-8.
func utf8Charset(params map[string]string) bool {
	charset, given := params["charset"]
	return !given || strings.EqualFold(charset, "utf-8") || strings.EqualFold(charset, "utf8")
}
