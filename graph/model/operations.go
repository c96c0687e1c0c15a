package model

import "thalamus/resilience/saga"

// NewDrift shows up to first findings.
func NewDrift(found []saga.Finding, first int) *Drift {
	out := &Drift{Total: len(found), Findings: []*DriftFinding{}}
	for _, f := range found[:min(first, len(found))] {
		out.Findings = append(out.Findings, &DriftFinding{Kind: f.Kind, Store: f.Store, ID: f.Node, Detail: f.Detail})
	}
	return out
}

// FindingsShown is how many findings the answer to a repair lists.
const FindingsShown = 100

// NewRepairDriftPayload answers a repair.
func NewRepairDriftPayload(found []saga.Finding, repaired int, err error) (*RepairDriftPayload, error) {
	problems, err := Problems(err)
	return &RepairDriftPayload{Found: NewDrift(found, FindingsShown), Repaired: repaired, Problems: problems}, err
}

// NewHoldBackendPayload answers a drill.
func NewHoldBackendPayload(now []*Backend, err error) (*HoldBackendPayload, error) {
	problems, err := Problems(err)
	return &HoldBackendPayload{Backends: now, Problems: problems}, err
}
