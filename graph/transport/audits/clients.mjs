// Runs a real client against a server, which cuts its subscription off now and then.
//
//   npm ci && node clients.mjs CLIENT URL PLAN
//
// The plan is JSON:
//
//   query, invalid   operations: one that is answered, one that is not valid
//   subscription     one with a variable `after`: the cursor of the event behind which it goes on. An event is the value of
//                    its root field; its cursor is its `cursor`, or itself
//   variables        at first
//   last             the last event, or the content of the node in it; the subscription is complete then, or is given up
//                    where it is `endless`
//   headers          of requests, and connectionParams of WebSockets
//
// Prints one JSON line: the data that the client got from the query, the code of the error of the invalid one, and the events
// that it has seen, where it asks for what comes after the last that it has whenever it was cut off.
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } from '@apollo/client';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { Client, fetchExchange, subscriptionExchange } from '@urql/core';
import { EventSource } from 'eventsource';
import { createClient as createSse } from 'graphql-sse';
import { createClient as createWs } from 'graphql-ws';
import { WebSocket } from 'ws';

const [, , name, url, planText] = process.argv;
const { query, invalid, subscription, variables, last, endless = false, headers = {} } = JSON.parse(planText);
const socketURL = url.replace('http', 'ws');

const soon = () => new Promise((resolve) => setTimeout(resolve, 20));
const socket = (options) =>
  createWs({ url: socketURL, webSocketImpl: WebSocket, retryWait: soon, connectionParams: headers, ...options });
const codes = (errors) => errors.map((e) => e.extensions.code).join();

const seen = [];
let sawLast = false;
const see = (data) => {
  const event = Object.values(data)[0];
  seen.push(event);
  sawLast ||= (event.node?.content ?? event) === last;
};
const behind = () => (seen.length > 0 ? { ...variables, after: seen.at(-1).cursor ?? seen.at(-1) } : variables);

// The clients of enisdenjo send the variables anew when they connect again, so it is enough to change them.
const withVariables = (client) =>
  new Promise((resolve, reject) => {
    const changing = { ...variables };
    const next = ({ data }) => {
      see(data);
      Object.assign(changing, behind());
      if (endless && sawLast) resolve();
    };
    client.subscribe({ query: subscription, variables: changing }, { next, error: reject, complete: resolve });
  });

// Others are subscribed again when they say that they were cut off.
async function again(subscribe) {
  while (!sawLast) {
    await new Promise((resolve) => {
      const next = (data) => {
        see(data);
        if (endless && sawLast) resolve();
      };
      subscribe(behind(), next, resolve);
    });
  }
}

// The result of an operation as a promise; only errors of GraphQL are one.
const single = (client, query) =>
  new Promise((resolve, reject) => client.subscribe({ query }, { next: resolve, error: reject, complete() {} }));

const clients = {
  async 'graphql-ws'() {
    const client = socket({ retryAttempts: 10 });
    const refused = await single(client, invalid).catch((errors) => codes(errors));
    const { data } = await single(client, query);
    await withVariables(client);
    await client.dispose();
    return [data, refused];
  },

  async 'graphql-sse'() {
    const client = createSse({ url, headers, retryAttempts: 10, retry: soon });
    const refused = codes((await single(client, invalid)).errors);
    const { data } = await single(client, query);
    await withVariables(client);
    client.dispose();
    return [data, refused];
  },

  async apollo() {
    const ws = socket({ retryAttempts: 0 });
    const http = new HttpLink({ uri: url, headers });
    const link = ApolloLink.split((o) => o.operationType === 'subscription', new GraphQLWsLink(ws), http);
    const client = new ApolloClient({ link, cache: new InMemoryCache() });
    const refused = await client.query({ query: gql(invalid) }).catch((e) => codes(e.errors));
    const { data } = await client.query({ query: gql(query) });
    await again((variables, next, done) => {
      client.subscribe({ query: gql(subscription), variables }).subscribe({
        next: (r) => (r.error ? done() : next(r.data)), error: done, complete: done,
      });
    });
    await ws.dispose();
    return [data, refused];
  },

  async 'urql over WebSocket'() {
    const ws = socket({ retryAttempts: 0 });
    const forwardSubscription = (request) => ({
      subscribe: (sink) => ({ unsubscribe: ws.subscribe({ ...request, query: request.query ?? '' }, sink) }),
    });
    const answer = await urql([subscriptionExchange({ forwardSubscription }), fetchExchange], {});
    await ws.dispose();
    return answer;
  },

  async 'urql over event streams'() {
    return urql([fetchExchange], { fetchSubscriptions: true });
  },

  // What browsers have: it connects again by itself, with Last-Event-ID.
  async EventSource() {
    const withHeaders = (input, init) => fetch(input, { ...init, headers: { ...init.headers, ...headers } });
    const at = (query, variables = {}) =>
      new EventSource(`${url}?query=${encodeURIComponent(query)}&variables=${encodeURIComponent(JSON.stringify(variables))}`,
        { fetch: withHeaders });
    const result = (query) =>
      new Promise((resolve) => {
        const source = at(query);
        source.addEventListener('next', (e) => (source.close(), resolve(JSON.parse(e.data))));
      });
    const refused = codes((await result(invalid)).errors);
    const { data } = await result(query);
    await new Promise((resolve) => {
      const source = at(subscription, variables);
      const end = () => (source.close(), resolve());
      source.addEventListener('next', (e) => {
        see(JSON.parse(e.data).data);
        if (endless && sawLast) end();
      });
      source.addEventListener('complete', end);
    });
    return [data, refused];
  },
};

async function urql(exchanges, options) {
  const client = new Client({ url, exchanges, preferGetMethod: false, fetchOptions: { headers }, ...options });
  const refused = codes((await client.query(invalid, {})).error.graphQLErrors);
  const { data } = await client.query(query, {});
  await again((variables, next, done) => {
    const { unsubscribe } = client.subscription(subscription, variables).subscribe((r) => {
      if (r.hasNext && r.data) next(r.data); // the last result comes a second time, with the end
      if (r.error || !r.hasNext) done(setTimeout(() => unsubscribe()));
    });
  });
  return [data, refused];
}

const [answer, refused] = await clients[name]();
console.log(JSON.stringify({ answer, refused, seen }));
process.exit(0); // some clients keep a connection for later
