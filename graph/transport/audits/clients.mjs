// Runs a real client against a server of the test schema, which cuts its subscription off twice.
//
//   npm ci && node clients.mjs CLIENT URL LAST
//
// Prints one JSON line: what the client got from a query, from a query that is not valid, and from a subscription to the
// numbers up to LAST, where it asks for what comes after the last number it has whenever it was cut off.
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } from '@apollo/client';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { Client, fetchExchange, subscriptionExchange } from '@urql/core';
import { EventSource } from 'eventsource';
import { createClient as createSse } from 'graphql-sse';
import { createClient as createWs } from 'graphql-ws';
import { WebSocket } from 'ws';

const [, , name, url, lastText] = process.argv;
const last = Number(lastText);
const socketURL = url.replace('http', 'ws');

const greeting = '{ greeting }';
const invalid = '{ nothing }';
const ticks = 'subscription Ticks($after: Int, $to: Int!) { ticks(after: $after, to: $to) }';

const soon = () => new Promise((resolve) => setTimeout(resolve, 20));
const socket = (options) => createWs({ url: socketURL, webSocketImpl: WebSocket, retryWait: soon, ...options });
const codes = (errors) => errors.map((e) => e.extensions.code).join();

// The clients of enisdenjo send the variables anew when they connect again, so it is enough to change them.
const withVariables = (client, seen) =>
  new Promise((resolve, reject) => {
    const variables = { after: 0, to: last };
    const next = ({ data }) => seen.push((variables.after = data.ticks));
    client.subscribe({ query: ticks, variables }, { next, error: reject, complete: resolve });
  });

// Others are subscribed again when they say that they were cut off.
async function again(subscribe, seen) {
  while (seen.at(-1) !== last) {
    await new Promise((resolve) => {
      subscribe({ after: seen.at(-1) ?? 0, to: last }, (n) => seen.push(n), resolve);
    });
  }
}

// The result of an operation as a promise; only errors of GraphQL are one.
const single = (client, query) =>
  new Promise((resolve, reject) => client.subscribe({ query }, { next: resolve, error: reject, complete() {} }));

const clients = {
  async 'graphql-ws'(seen) {
    const client = socket({ retryAttempts: 10 });
    const refused = await single(client, invalid).catch((errors) => codes(errors));
    const { data } = await single(client, greeting);
    await withVariables(client, seen);
    await client.dispose();
    return [data.greeting, refused];
  },

  async 'graphql-sse'(seen) {
    const client = createSse({ url, retryAttempts: 10, retry: soon });
    const refused = codes((await single(client, invalid)).errors);
    const { data } = await single(client, greeting);
    await withVariables(client, seen);
    client.dispose();
    return [data.greeting, refused];
  },

  async apollo(seen) {
    const ws = socket({ retryAttempts: 0 });
    const link = ApolloLink.split((o) => o.operationType === 'subscription', new GraphQLWsLink(ws), new HttpLink({ uri: url }));
    const client = new ApolloClient({ link, cache: new InMemoryCache() });
    const refused = await client.query({ query: gql(invalid) }).catch((e) => codes(e.errors));
    const { data } = await client.query({ query: gql(greeting) });
    await again((variables, next, done) => {
      client.subscribe({ query: gql(ticks), variables }).subscribe({
        next: (r) => (r.error ? done() : next(r.data.ticks)), error: done, complete: done,
      });
    }, seen);
    await ws.dispose();
    return [data.greeting, refused];
  },

  async 'urql over WebSocket'(seen) {
    const ws = socket({ retryAttempts: 0 });
    const forwardSubscription = (request) => ({
      subscribe: (sink) => ({ unsubscribe: ws.subscribe({ ...request, query: request.query ?? '' }, sink) }),
    });
    const answer = await urql([subscriptionExchange({ forwardSubscription }), fetchExchange], {}, seen);
    await ws.dispose();
    return answer;
  },

  async 'urql over event streams'(seen) {
    return urql([fetchExchange], { fetchSubscriptions: true }, seen);
  },

  // What browsers have: it connects again by itself, with Last-Event-ID.
  async EventSource(seen) {
    const at = (query, variables = {}) =>
      new EventSource(`${url}?query=${encodeURIComponent(query)}&variables=${encodeURIComponent(JSON.stringify(variables))}`);
    const result = (query) =>
      new Promise((resolve) => {
        const source = at(query);
        source.addEventListener('next', (e) => (source.close(), resolve(JSON.parse(e.data))));
      });
    const refused = codes((await result(invalid)).errors);
    const { data } = await result(greeting);
    await new Promise((resolve) => {
      const source = at(ticks, { to: last });
      source.addEventListener('next', (e) => seen.push(JSON.parse(e.data).data.ticks));
      source.addEventListener('complete', () => (source.close(), resolve()));
    });
    return [data.greeting, refused];
  },
};

async function urql(exchanges, options, seen) {
  const client = new Client({ url, exchanges, preferGetMethod: false, ...options });
  const refused = codes((await client.query(invalid, {})).error.graphQLErrors);
  const { data } = await client.query(greeting, {});
  await again((variables, next, done) => {
    const { unsubscribe } = client.subscription(ticks, variables).subscribe((r) => {
      if (r.hasNext && r.data) next(r.data.ticks); // the last result comes a second time, with the end
      if (r.error || !r.hasNext) done(setTimeout(() => unsubscribe()));
    });
  }, seen);
  return [data.greeting, refused];
}

const seen = [];
const [answer, refused] = await clients[name](seen);
console.log(JSON.stringify({ answer, refused, seen }));
process.exit(0); // some clients keep a connection for later
