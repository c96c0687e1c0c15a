package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

// verdict is how a check came out.
type verdict string

// Verdicts, and the exit code of the worst of them.
const (
	good    verdict = "ok"
	warning verdict = "warning"
	failure verdict = "failure"
)

var verdictCodes = map[verdict]exit{good: 0, warning: 1, failure: 2}

// finding is what one check found.
type finding struct {
	Check   string  `json:"check"`
	Verdict verdict `json:"verdict"`
	Detail  string  `json:"detail"`
	Fix     string  `json:"fix,omitempty"` // of what is not ok
}

// diagnosis is everything that doctor says.
type diagnosis struct {
	Verdict  verdict          `json:"verdict"` // the worst
	Build    build            `json:"build"`
	Settings []settingSection `json:"settings"`
	Findings []finding        `json:"findings"`
}

// settingSection is one key of the configuration.
type settingSection struct {
	Key    string `json:"key"`
	Value  string `json:"value"` // secrets are redacted
	Source string `json:"source"`
}

func (d *diagnosis) add(f finding) {
	d.Findings = append(d.Findings, f)
	if verdictCodes[f.Verdict] > verdictCodes[d.Verdict] {
		d.Verdict = f.Verdict
	}
}

func (d *diagnosis) ok(check, format string, args ...any) {
	d.add(finding{Check: check, Verdict: good, Detail: fmt.Sprintf(format, args...)})
}

func (d *diagnosis) warn(check, detail, fix string) {
	d.add(finding{Check: check, Verdict: warning, Detail: detail, Fix: fix})
}

func (d *diagnosis) fail(check, detail, fix string) {
	d.add(finding{Check: check, Verdict: failure, Detail: detail, Fix: fix})
}

func (a *app) doctorCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "See whether everything is in order",
		Long: `Says where every setting comes from (secrets are left out) and checks the configuration, who may use the gateway (API
keys, keys of an issuer) and with which operations, the data directory, every backend, the embedder against the stored
vectors, the listen address and the clock. What is wrong names its fix. Nothing is created or changed, and a gateway may be running meanwhile.

Exit codes: 0 everything is in order, 1 there are warnings, 2 there are failures: the gateway would not start or not work.`,
		Example: `  thalamus doctor
  thalamus doctor --json | jq '.findings[] | select(.verdict != "ok")'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			d := a.diagnose(cmd)
			if asJSON {
				if err := printJSON(cmd.OutOrStdout(), d); err != nil {
					return err
				}
			} else {
				d.print(cmd.OutOrStdout())
			}
			if code := verdictCodes[d.Verdict]; code != 0 {
				return code
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print everything as JSON")
	return cmd
}

// diagnose runs every check.
func (a *app) diagnose(cmd *cobra.Command) *diagnosis {
	d := &diagnosis{Verdict: good, Build: thisBuild(), Settings: []settingSection{}}
	cfg, err := a.configure(cmd)
	if err != nil {
		for _, problem := range parts(err) {
			d.fail("configuration", problem.Error(), "correct it where it stands")
		}
		return d
	}
	file := "no file"
	for _, s := range cfg.Effective() {
		d.Settings = append(d.Settings, settingSection(s))
		if s.Key == "config" && s.Value != "" {
			file = s.Value
		}
	}
	d.ok("configuration", "%s; every key is known and valid", file)
	x := examination{diagnosis: d, cfg: cfg}
	x.all(cmd.Context())
	return d
}

// parts takes a joined error apart.
func parts(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return joined.Unwrap()
	}
	return []error{err}
}

// print writes the report for people.
func (d *diagnosis) print(out io.Writer) {
	fmt.Fprintf(out, "thalamus %s\n\n", version())
	if len(d.Settings) > 0 {
		t := newTable(out)
		t.Row("SETTING", "VALUE", "FROM")
		for _, s := range d.Settings {
			value := s.Value
			if value == "" {
				value = "-"
			}
			t.Row(s.Key, value, s.Source)
		}
		t.Flush()
		fmt.Fprintln(out)
	}
	t := newTable(out)
	for _, f := range d.Findings {
		t.Row(strings.ToUpper(string(f.Verdict)), f.Check, f.Detail)
		if f.Fix != "" {
			t.Row("", "", "→ "+f.Fix)
		}
	}
	t.Flush()
	fmt.Fprintf(out, "\n%s\n", map[verdict]string{
		good: "Everything is in order.", warning: "It works; see the warnings.", failure: "Something must be put right first.",
	}[d.Verdict])
}
