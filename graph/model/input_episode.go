package model

import "thalamus/stores"

// neutral is the importance of an episode of which nothing is said.
const neutral = 0.5

// Episode is the new episode.
func (in CreateEpisodeInput) Episode() (*stores.Episode, error) {
	var c stores.Check
	e := &stores.Episode{SessionID: in.SessionID, Content: in.Content}
	set(&e.Outcome, in.Outcome)
	set(&e.Timestamp, in.Timestamp)
	setAny(&e.EndTimestamp, in.EndTimestamp)
	setAny(&e.DurationMs, in.DurationMs)
	setAny(&e.Position, in.SequencePosition)
	setOr(&e.EmotionalValence, in.EmotionalValence, neutral)
	setPositive(&c, "stability", &e.Stability, in.Stability, 1)
	setAny(&e.PredictionError, in.PredictionError)
	setAny(&e.PredictionErrorAt, in.PredictionErrorAt)
	setIDs(&c, "entities", &e.Mentions, in.Entities, stores.KindEntity)
	e.Context = in.Context.Value().context()
	e.Capsule = in.Capsule.Value().capsule()
	return e, c.Err()
}

// Change writes the input into an episode.
func (in UpdateEpisodeInput) Change(e *stores.Episode) error {
	var c stores.Check
	setValue(&c, "content", &e.Content, in.Content)
	setValue(&c, "outcome", &e.Outcome, in.Outcome)
	setValue(&c, "timestamp", &e.Timestamp, in.Timestamp)
	setAny(&e.EndTimestamp, in.EndTimestamp)
	setAny(&e.DurationMs, in.DurationMs)
	setValue(&c, "emotionalValence", &e.EmotionalValence, in.EmotionalValence)
	setValue(&c, "stability", &e.Stability, in.Stability)
	setValue(&c, "accessCount", &e.AccessCount, in.AccessCount)
	setValue(&c, "lastAccessedAt", &e.LastAccessedAt, in.LastAccessedAt)
	setAny(&e.PredictionError, in.PredictionError)
	setAny(&e.PredictionErrorAt, in.PredictionErrorAt)
	setIDs(&c, "entities", &e.Mentions, in.Entities, stores.KindEntity)
	if in.Context.IsSet() {
		e.Context = in.Context.Value().context()
	}
	if in.Capsule.IsSet() {
		e.Capsule = in.Capsule.Value().capsule()
	}
	return c.Err()
}

func (in *EpisodeContextInput) context() (x stores.EpisodeContext) {
	if in != nil {
		set(&x.Project, in.Project)
		set(&x.File, in.File)
		set(&x.Tool, in.Tool)
		set(&x.Cwd, in.Cwd)
		set(&x.GitBranch, in.GitBranch)
		set(&x.TimestampLocal, in.TimestampLocal)
		setAny(&x.Extra, in.Extra)
	}
	return x
}

func (in *CapsuleInput) capsule() *stores.Capsule {
	if in == nil {
		return nil
	}
	x := &stores.Capsule{}
	setAny(&x.Poses, in.Poses)
	setAny(&x.Activations, in.Activations)
	setAny(&x.RoutingAgreement, in.RoutingAgreement)
	setAny(&x.MeanActivation, in.MeanActivation)
	setAny(&x.Confidence, in.Confidence)
	setAny(&x.Novelty, in.Novelty)
	setAny(&x.Goodness, in.Goodness)
	setAny(&x.Agreement, in.Agreement)
	return x
}
