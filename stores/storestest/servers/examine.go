package servers

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/types/known/emptypb"
)

// Found is what a server says it is.
type Found struct {
	Name    string // of the product, as it calls itself
	Version string
}

// Examine asks the server at a URL, spelled as in the configuration, for its name and version. It speaks the server's own
// protocol, so that an answer means that the server is ready for clients; for Neo4j, that the password is right, too.
// It takes at most two seconds.
func Examine(ctx context.Context, server string) (Found, error) {
	u, err := url.Parse(server)
	if err != nil {
		return Found{}, errors.New("the URL of the server cannot be read") // err may hold its password
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	if u.Scheme == "qdrant" {
		return examineQdrant(ctx, u)
	}
	ask, known := map[string]func(*url.URL, net.Conn) (Found, error){
		"neo4j": examineNeo4j, "bolt": examineNeo4j, "mysql": examineSQL, "redis": examineRedis,
	}[u.Scheme]
	if !known {
		return Found{}, fmt.Errorf("servers with the scheme %s:// are not known here", u.Scheme)
	}
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", u.Host)
	if err != nil {
		return Found{}, err
	}
	defer conn.Close() //nolint:errcheck // what was asked for is there by then
	if until, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(until); err != nil {
			return Found{}, err
		}
	}
	return ask(u, conn)
}

// examineSQL reads the greeting of the MySQL protocol: length (3 bytes), number of the packet, 10, version, 0.
func examineSQL(_ *url.URL, conn net.Conn) (Found, error) {
	greeting, err := readSome(conn)
	if err != nil {
		return Found{}, err
	}
	const header = 5
	if len(greeting) < header || greeting[4] != 10 {
		return Found{}, fmt.Errorf("no greeting of MySQL: %q", greeting)
	}
	version, _, _ := bytes.Cut(greeting[header:], []byte{0})
	// MariaDB 10 puts this before its version, for clients that take a 10 for an old MySQL.
	number, rest, _ := strings.Cut(strings.TrimPrefix(string(version), "5.5.5-"), "-")
	if strings.Contains(rest, "MariaDB") {
		return Found{string(MariaDB), number}, nil
	}
	return Found{string(MySQL), number}, nil
}

func examineRedis(u *url.URL, conn net.Conn) (Found, error) {
	var login string
	if password, ok := u.User.Password(); ok {
		login = strings.TrimSpace("AUTH "+u.User.Username()) + " " + password + "\r\n"
	}
	if _, err := io.WriteString(conn, login+"INFO server\r\n"); err != nil {
		return Found{}, err
	}
	var answer []byte
	for !bytes.Contains(answer, []byte("redis_version:")) || !bytes.HasSuffix(answer, []byte("\r\n")) {
		more, err := readSome(conn)
		if err != nil {
			return Found{}, err
		}
		answer = append(answer, more...)
		if bytes.HasPrefix(answer, []byte("-")) { // an error, such as LOADING
			return Found{}, fmt.Errorf("redis: %s", bytes.TrimSpace(answer))
		}
	}
	_, version, _ := bytes.Cut(answer, []byte("redis_version:"))
	version, _, _ = bytes.Cut(version, []byte("\r\n"))
	return Found{string(Redis), string(version)}, nil
}

// examineNeo4j says HELLO in Bolt 4.4, the last version in which that message logs in as well.
func examineNeo4j(u *url.URL, conn net.Conn) (Found, error) {
	handshake := []byte{0x60, 0x60, 0xB0, 0x17, 0, 0, 4, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}
	if _, err := conn.Write(handshake); err != nil {
		return Found{}, err
	}
	var version [4]byte
	if _, err := io.ReadFull(conn, version[:]); err != nil {
		return Found{}, err
	}
	if version != [4]byte{0, 0, 4, 4} {
		return Found{}, fmt.Errorf("the server speaks no Bolt 4.4: %v", version)
	}
	hello := []byte{0xB1, 0x01, 0xA4} // a structure with one field, HELLO: a map of four
	password, _ := u.User.Password()
	for _, text := range []string{"user_agent", "thalamus/0", "scheme", "basic", "principal", u.User.Username(), "credentials", password} {
		if len(text) > 255 {
			return Found{}, errors.New("user or password is longer than 255 bytes")
		}
		hello = append(hello, 0xD0, byte(len(text)))
		hello = append(hello, text...)
	}
	message := binary.BigEndian.AppendUint16(nil, uint16(len(hello)))
	if _, err := conn.Write(append(append(message, hello...), 0, 0)); err != nil {
		return Found{}, err
	}
	answer, err := readSome(conn)
	if err != nil {
		return Found{}, err
	}
	// The map in the answer has a text "Neo4j/5.26.18", with its length before it.
	before, name, ok := bytes.Cut(answer, []byte("Neo4j/"))
	if !ok {
		return Found{}, fmt.Errorf("the server refused: %q", answer)
	}
	length := int(before[len(before)-1]&0x7F) - len("Neo4j/") // short texts have it in the low bits of one byte
	return Found{string(Neo4j), string(name[:max(0, min(length, len(name)))])}, nil
}

// examineQdrant calls HealthCheck, whose answer has a title (1) and a version (2).
func examineQdrant(ctx context.Context, u *url.URL) (Found, error) {
	conn, err := grpc.NewClient(u.Host, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return Found{}, err
	}
	defer conn.Close() //nolint:errcheck // what was asked for is there by then
	if key := u.User.Username(); key != "" {
		ctx = metadata.AppendToOutgoingContext(ctx, "api-key", key)
	}
	var answer emptypb.Empty
	if err := conn.Invoke(ctx, "/qdrant.Qdrant/HealthCheck", &emptypb.Empty{}, &answer); err != nil {
		return Found{}, err
	}
	found := Found{Name: string(Qdrant)}
	for fields := []byte(answer.ProtoReflect().GetUnknown()); len(fields) > 0; {
		number, kind, value, all := field(fields)
		if all < 0 {
			return Found{}, errors.New("the answer of HealthCheck cannot be read")
		}
		if number == 2 && kind == protowire.BytesType {
			found.Version = string(value)
		}
		fields = fields[all:]
	}
	return found, nil
}

// field takes the first field of a message apart; all is its length, or negative when it cannot be read.
func field(message []byte) (number protowire.Number, kind protowire.Type, value []byte, all int) {
	number, kind, tag := protowire.ConsumeTag(message)
	if tag < 0 {
		return 0, 0, nil, tag
	}
	length := protowire.ConsumeFieldValue(number, kind, message[tag:])
	if length < 0 {
		return 0, 0, nil, length
	}
	if kind == protowire.BytesType {
		value, _ = protowire.ConsumeBytes(message[tag:])
	}
	return number, kind, value, tag + length
}

// readSome reads what has come, once something has.
func readSome(conn net.Conn) ([]byte, error) {
	buffer := make([]byte, 16<<10)
	n, err := conn.Read(buffer)
	if n > 0 {
		return buffer[:n], nil
	}
	return nil, err
}
