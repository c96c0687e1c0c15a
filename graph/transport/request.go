package transport

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/99designs/gqlgen/graphql"
)

// read takes the GraphQL parameters out of the request. What it refuses never reaches the executor.
func (x *exchange) read() (*graphql.RawParams, *fault) {
	start := graphql.Now()
	var params *graphql.RawParams
	var fault *fault
	switch x.r.Method {
	case http.MethodGet:
		params, fault = decodeQueryString(x.r.URL.RawQuery)
	case http.MethodPost:
		params, fault = x.readBody()
	default:
		fault = errMethod
	}
	if fault == nil && params.Query == "" {
		fault = x.missingQuery(params)
	}
	if fault == nil && len(x.r.Header.Values(lastEventID)) > 1 {
		fault = errLastEvents
	}
	if fault != nil {
		return nil, fault
	}
	params.Headers = x.r.Header
	params.ReadTime = graphql.TraceTiming{Start: start, End: graphql.Now()}
	return params, nil
}

// missingQuery lets a request without a query pass only if it names a persisted one and an extension can look it up.
func (x *exchange) missingQuery(params *graphql.RawParams) *fault {
	if _, persisted := params.Extensions["persistedQuery"]; !persisted {
		return errNoQuery
	}
	if !x.rewritesRequests {
		return errNoPersistedQueries
	}
	return nil
}

func (x *exchange) readBody() (*graphql.RawParams, *fault) {
	mediaType, params, err := mime.ParseMediaType(x.r.Header.Get("Content-Type"))
	switch {
	case err != nil || mediaType != "application/json":
		return nil, errMediaType
	case !utf8Charset(params):
		return nil, errCharset
	case !identityEncoding(x.r.Header.Get("Content-Encoding")):
		return nil, errEncoding
	case x.r.ContentLength > x.options.MaxBody:
		return nil, tooLarge(x.options.MaxBody)
	}
	var body bytes.Buffer
	body.Grow(int(min(max(x.r.ContentLength, 0), chunk)) + bytes.MinRead)
	if _, err := body.ReadFrom(http.MaxBytesReader(x.w, x.r.Body, x.options.MaxBody)); err != nil {
		if _, over := errors.AsType[*http.MaxBytesError](err); over {
			return nil, tooLarge(x.options.MaxBody)
		}
		return nil, errBodyCutShort
	}
	return decodeBody(body.Bytes())
}

func identityEncoding(header string) bool {
	return header == "" || strings.EqualFold(strings.TrimSpace(header), "identity")
}

// maxParameters is how many parameters a request may have, unknown ones included.
const maxParameters = 100

// decodeBody reads the JSON object of a POST. Names are matched exactly, unknown ones are ignored as the specification
// asks, and a known one given twice is refused: which of the two counts would be anybody's guess.
func decodeBody(body []byte) (*graphql.RawParams, *fault) {
	if !utf8.Valid(body) {
		return nil, errNotUTF8
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	switch open, err := d.Token(); {
	case err != nil:
		return nil, errMalformedJSON
	case open == json.Delim('['):
		return nil, errBatch
	case open != json.Delim('{'):
		return nil, errNotObject
	}
	var request parameters
	for n := 0; d.More(); n++ {
		if n == maxParameters {
			return nil, errParameters
		}
		if fault := request.decodeNext(d); fault != nil {
			return nil, fault
		}
	}
	if _, err := d.Token(); err != nil {
		return nil, errMalformedJSON
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errMalformedJSON
	}
	return &request.RawParams, nil
}

// parameters are the parameters of a request, and which of them were given.
type parameters struct {
	graphql.RawParams
	given map[string]bool
}

// decodeNext reads one name and its value.
func (p *parameters) decodeNext(d *json.Decoder) *fault {
	token, err := d.Token()
	if err != nil {
		return errMalformedJSON
	}
	name, _ := token.(string)
	target, shape := p.target(name)
	if shape != "" {
		if p.given[name] {
			return repeated(name)
		}
		if p.given == nil {
			p.given = make(map[string]bool, 4)
		}
		p.given[name] = true
	}
	switch err := d.Decode(target); {
	case err == nil:
		return nil
	case isTypeError(err):
		return mistyped(name, shape)
	default:
		return errMalformedJSON
	}
}

// target is where the value of a parameter goes and the shape it must have; no shape means an unknown parameter. A JSON
// null leaves any of them at its zero value, as if it had not been given.
func (p *parameters) target(name string) (target any, shape string) {
	switch name {
	case "query":
		return &p.Query, "a string"
	case "operationName":
		return &p.OperationName, "a string"
	case "variables":
		return &p.Variables, "an object"
	case "extensions":
		return &p.Extensions, "an object"
	default:
		return new(json.RawMessage), ""
	}
}

func isTypeError(err error) bool {
	_, is := errors.AsType[*json.UnmarshalTypeError](err)
	return is
}

// decodeQueryString reads the parameters of a GET, where variables and extensions are JSON.
func decodeQueryString(raw string) (*graphql.RawParams, *fault) {
	values, err := url.ParseQuery(raw)
	if err != nil {
		return nil, errMalformedURL
	}
	var request parameters
	for _, name := range []string{"query", "operationName", "variables", "extensions"} {
		given := values[name]
		if len(given) > 1 {
			return nil, repeated(name)
		}
		if len(given) == 0 || given[0] == "" {
			continue
		}
		if !utf8.ValidString(given[0]) {
			return nil, errNotUTF8
		}
		switch target, shape := request.target(name); target := target.(type) {
		case *string:
			*target = given[0]
		default:
			if decodeJSON(given[0], target) != nil {
				return nil, mistyped(name, shape+" in JSON")
			}
		}
	}
	return &request.RawParams, nil
}

// decodeJSON reads exactly one JSON value, keeping numbers as they were written.
func decodeJSON(text string, target any) error {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := d.Decode(target); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more than one JSON value")
	}
	return nil
}
