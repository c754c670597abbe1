import type { GatewayError } from "../../lib/errors.ts";
import { createDeframer } from "../../wire/grpc-frames.ts";
import { grpcStatus } from "../../wire/grpc-headers.ts";
import { type GrpcCallRequest, type GrpcChannel, startGrpcCall } from "./grpc-call.ts";
import { frameError, statusError } from "./grpc-errors.ts";

/** A call without a deadline ends after this: an answer that is one message does not take longer. */
const defaultTimeoutMs = 120_000;

/** Calls a method that answers with one message. Throws GatewayError. */
export function callUnary(channel: GrpcChannel, request: Omit<GrpcCallRequest, "type">): Promise<Uint8Array> {
  const deadlineMs = request.deadlineMs ?? channel.clock.nowMs() + defaultTimeoutMs;
  return new Promise((resolve, reject) => {
    const deframer = createDeframer({ limitBytes: channel.maxMessageBytes });
    const messages: Uint8Array[] = [];
    startGrpcCall(
      channel,
      { ...request, type: "unary", deadlineMs },
      {
        onBytes(bytes) {
          const before = messages.length;
          try {
            deframer.push(new Uint8Array(bytes), messages);
          } catch (error) {
            throw frameError(channel.address, error);
          }
          if (messages.length > 1) throw wrongCount(channel.address, "more than one message");
          return messages.length - before;
        },
        cutBytes: () => deframer.heldBytes,
        onEnd(error) {
          const [answer] = messages;
          if (error !== undefined) reject(error);
          else if (answer === undefined) reject(wrongCount(channel.address, "no message"));
          else resolve(answer);
        },
      },
    );
  });
}

function wrongCount(address: string, what: string): GatewayError {
  return statusError(grpcStatus.internal, `${address} answers with ${what}, wants one`);
}
